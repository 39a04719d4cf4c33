/** To be preloaded: at SIGUSR2, the store's writer gets a request on which its thread ends. */
const Original = globalThis.Worker;

globalThis.Worker = class extends Original {
  constructor(...given: ConstructorParameters<typeof Original>) {
    super(...given);
    if (String(given[0]).endsWith("/writer.worker.ts"))
      process.on("SIGUSR2", () => this.postMessage({ kind: "open", dataDir: "/dev/null" }));
  }
};
