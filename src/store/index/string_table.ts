/** Each distinct string once, named by a small integer. Nothing is ever removed. */
export class StringTable {
  private readonly ids = new Map<string, number>();
  private readonly strings: string[] = [];

  intern(text: string): number {
    let id = this.ids.get(text);
    if (id === undefined) {
      id = this.strings.length;
      this.ids.set(text, id);
      this.strings.push(text);
    }
    return id;
  }

  /** Undefined when no series has this string. */
  find(text: string): number | undefined {
    return this.ids.get(text);
  }

  text(id: number): string {
    return this.strings[id]!;
  }
}
