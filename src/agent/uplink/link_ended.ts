import { tlsFaultOf } from "../../pki/tls_fault.ts";
import { CLOSE } from "../../wire/messages.ts";

/** Why a connection ended or did not come about: one sentence, and the operator's next step. */
export class LinkEnded extends Error {
  override readonly name = "LinkEnded";

  constructor(
    message: string,
    /** The close code, the server's or our own; 1006 when the connection was lost. */
    readonly code: number = LOST,
  ) {
    super(message);
  }
}

/** Close codes of the WebSocket protocol: no close frame came; nothing is wrong. */
export const LOST = 1006;
export const NORMAL = 1000;

/** What the server's close frame means. Its reason is the server's text. */
export function endedByServer(code: number, reason: string): LinkEnded {
  const said = reason === "" ? `code ${code}` : reason;
  const advice = ADVICE.get(code);
  if (advice !== undefined)
    return new LinkEnded(`The server closed the connection: ${said}. ${advice}`, code);
  if (code === LOST) return new LinkEnded("The connection to the server was lost.", code);
  return new LinkEnded(`The server closed the connection: ${said}.`, code);
}

const REJOIN =
  'To let this node join again, create a token with "dcmon token create" on the server, move the folder "identity" in agent.data_dir away and start the agent with the token.';
const REPORT = "Install the same version of dcmon on both; if it is the same, report this as a bug.";

const ADVICE: ReadonlyMap<number, string> = new Map([
  [CLOSE.badMessage, REPORT],
  [CLOSE.badFrame, REPORT],
  [CLOSE.unknownLayout, REPORT],
  [CLOSE.unsupportedVersion, "Install the same version of dcmon on both."],
  [CLOSE.notAuthenticated, REJOIN],
  [CLOSE.revoked, REJOIN],
  [
    CLOSE.evicted,
    "Another agent uses this node's identity: stop it. If its disk is a copy of this one, delete its data directory and let it join by itself.",
  ],
  [CLOSE.handshakeTimeout, "Network or server are very slow; the agent tries again."],
  [CLOSE.busy, "The agent keeps its data and tries again."],
  [CLOSE.stopping, "The agent keeps its data and tries again."],
  [CLOSE.layoutsExhausted, "The agent goes on after a pause; an exporter changes its series very often."],
]);

/** An error event of Bun's WebSocket carries the error that caused it; the DOM's type knows only of the message. */
export function errorOf(event: Event): { readonly code?: string; readonly message: string } {
  const { message, error } = event as ErrorEvent;
  const code: unknown = (error as { code?: unknown } | null)?.code;
  return { message, ...(typeof code === "string" && { code }) };
}

/** What Bun's WebSocket says when no connection came about. */
export function notConnected(
  url: URL,
  error: { readonly code?: string; readonly message: string },
): LinkEnded {
  const place = url.host;
  const fault = tlsFaultOf(error.code);
  switch (fault) {
    case "wrong name":
      return new LinkEnded(
        `The certificate of the server at ${place} does not cover ${url.hostname}. Add it to server.names and restart the server, or use a name that it covers in agent.server.`,
      );
    case "expired":
      return new LinkEnded(
        `The certificate of the server at ${place} has expired by this machine's clock. Check both clocks (timedatectl), then restart the server: it makes a new certificate.`,
      );
    case "not yet valid":
      return new LinkEnded(
        `The certificate of the server at ${place} is not valid yet by this machine's clock. Set the clock right (timedatectl).`,
      );
    case "other server":
      return new LinkEnded(
        `The server at ${place} is not the one that this node has joined: its certificate is another CA's, or not a server's. Check agent.server, and find out who answers there.`,
      );
    case "no TLS 1.3":
      return new LinkEnded(`What listens at ${place} does not speak TLS 1.3. Check agent.server.`);
    case undefined:
      return unreachable(url, error);
    default:
      return fault satisfies never;
  }
}

function unreachable(url: URL, error: { readonly code?: string; readonly message: string }): LinkEnded {
  switch (error.code) {
    case "ECONNREFUSED":
      return new LinkEnded(`Nothing listens at ${url.host}. Start the server, or check agent.server.`);
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new LinkEnded(
        `The name ${url.hostname} does not resolve. Check agent.server and the name server.`,
      );
    default:
      return new LinkEnded(
        `No connection to ${url.host}: ${error.message.replace(/^WebSocket connection to '[^']*' failed: /, "")}. Check agent.server, the network and the firewall.`,
      );
  }
}
