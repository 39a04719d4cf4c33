import type { Sample } from "../exporter.ts";
import { type Collector, readNeeded } from "./collector.ts";
import { linesOf, Malformed, numberOf, sample, wordsOf } from "./text.ts";

/** node_exporter's default choice of some four hundred counters. */
const FIELDS =
  /^(.*_(InErrors|InErrs)|Ip_Forwarding|Ip(6|Ext)_(InOctets|OutOctets)|Icmp6?_(InMsgs|OutMsgs)|TcpExt_(Listen.*|Syncookies.*|TCPSynRetrans|TCPTimeouts)|Tcp_(ActiveOpens|InSegs|OutSegs|OutRsts|PassiveOpens|RetransSegs|CurrEstab)|Udp6?_(InDatagrams|OutDatagrams|NoPorts|RcvbufErrors|SndbufErrors))$/;

/** Pairs of lines `Tcp: A B` and `Tcp: 1 2`, in /proc/net/netstat and /proc/net/snmp. */
export function parseNetstat(text: string, choice: FieldChoice = new FieldChoice()): Sample[] {
  const samples: Sample[] = [];
  const lines = linesOf(text);
  for (let i = 0; i < lines.length; i += 2) {
    const heading = lines[i]!.split(" ");
    const values = (lines[i + 1] ?? "").trim().split(" ");
    const protocol = heading[0]!.slice(0, -1);
    if (heading[0] !== values[0] || heading.length !== values.length)
      throw new Malformed(
        "/proc/net/netstat",
        `as many values as names of "${protocol}"`,
        lines[i + 1] ?? "nothing",
      );
    for (const field of choice.of(lines[i]!, protocol, heading))
      samples.push(sample(field.metric, numberOf(values[field.column], "/proc/net/netstat", field.metric)));
  }
  return samples;
}

/** Lines `Udp6InErrors  0` of /proc/net/snmp6. */
export function parseSnmp6(text: string): Sample[] {
  const samples: Sample[] = [];
  for (const line of linesOf(text)) {
    const [key = "", value] = wordsOf(line);
    const six = key.indexOf("6") + 1;
    const field = `${key.slice(0, six)}_${key.slice(six)}`;
    if (six > 0 && FIELDS.test(field))
      samples.push(sample(`node_netstat_${field}`, numberOf(value, "/proc/net/snmp6", field)));
  }
  return samples;
}

interface Field {
  readonly column: number;
  readonly metric: string;
}

/** Which columns of a heading are wanted. A kernel's headings stay the same, so each is looked through once. */
class FieldChoice {
  readonly #byHeading = new Map<string, Field[]>();

  of(line: string, protocol: string, heading: readonly string[]): Field[] {
    let fields = this.#byHeading.get(line);
    if (fields === undefined) {
      fields = [];
      for (let column = 1; column < heading.length; column++) {
        const name = `${protocol}_${heading[column]}`;
        if (FIELDS.test(name)) fields.push({ column, metric: `node_netstat_${name}` });
      }
      this.#byHeading.set(line, fields);
    }
    return fields;
  }
}

export function createNetstat(): Collector {
  const choice = new FieldChoice();
  return {
    name: "netstat",
    collect: (host) => [
      ...parseNetstat(readNeeded(host, host.proc("net/netstat")), choice),
      ...parseNetstat(readNeeded(host, host.proc("net/snmp")), choice),
      ...parseSnmp6(host.readText(host.proc("net/snmp6")) ?? ""),
    ],
  };
}
