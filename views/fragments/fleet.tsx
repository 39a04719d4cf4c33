import type { FleetRow, FleetTotals, SortKey, TableState } from "../../src/server/fleet_table.ts";
import { SortIcon } from "../components/icons.tsx";
import { ABSENT, formatValue } from "../format.ts";
import { FleetTableRow } from "./fleet_table_row.tsx";

export interface FleetProps {
  /** Of this page. */
  readonly rows: readonly FleetRow[];
  /** How many rows are on the pages before this one. */
  readonly first: number;
  /** How many rows the filter leaves, on all pages. */
  readonly matching: number;
  readonly totals: FleetTotals;
  /** Any node has a sensor: without, there is no column for it. */
  readonly temperatures: boolean;
  readonly state: TableState;
  readonly now: number;
  /** A node has just joined, or is awaited: somebody is watching for its first figures. */
  readonly expectant: boolean;
  /** Why some figures are missing. */
  readonly faults: readonly string[];
  /** Where this fragment comes from, with its state. */
  readonly refreshHref: string;
  /** The page that shows this, for the address bar. */
  readonly pageHref: string;
  readonly clientHref: (id: string) => string;
  readonly pageNumberHref: (number: number) => string;
  readonly sortHref: (key: SortKey) => string;
}

/** The part of the dashboard that refreshes itself: totals and table. */
export const Fleet = (props: FleetProps) => (
  <section
    id="fleet"
    aria-label="Nodes"
    data-page-url={props.pageHref}
    hx-get={props.refreshHref}
    hx-trigger={props.expectant ? "every 1s" : "every 5s"}
    hx-swap="outerMorph"
    hx-sync="this:drop"
    data-refreshes
  >
    {props.totals.nodes === 0 ? <NoNodes /> : <Nodes {...props} />}
  </section>
);

/** From so many on, it is known how nodes are added. */
const FEW_NODES = 4;

const Nodes = (props: FleetProps) => (
  <>
    <Totals totals={props.totals} />
    {props.faults.length > 0 && (
      <p class="notice" role="status">
        Some figures are missing: {props.faults[0]}
      </p>
    )}
    {props.rows.length === 0 ? (
      <p class="empty">No node matches “{props.state.filter}”.</p>
    ) : (
      <FleetTable {...props} />
    )}
    {props.matching > props.rows.length && <Pages {...props} />}
    {props.totals.nodes < FEW_NODES && (
      <p class="hint add-node">
        Add a node: <code>dcmon token create</code>
      </p>
    )}
  </>
);

const Totals = ({ totals }: { totals: FleetTotals }) => {
  const { online, stale, down, never } = totals.byStatus;
  const unwell = [
    [stale, "stale"],
    [down, "down"],
    [never, "without data"],
  ] as const;
  const trouble = unwell.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  return (
    <dl class="stats">
      <Stat
        name="Nodes online"
        value={String(online)}
        of={`of ${totals.nodes}`}
        note={trouble.join(", ") || "all reporting"}
        tone={down > 0 ? "critical" : trouble.length > 0 ? "warning" : "good"}
      />
      <Stat
        name="CPU"
        value={totals.cpus === 0 ? ABSENT : formatValue(totals.cpusBusy / totals.cpus, "ratio")}
        note={`${formatValue(totals.cpusBusy, "number")} of ${totals.cpus} CPUs busy`}
      />
      <Stat
        name="Memory"
        value={
          totals.memoryTotal === 0 ? ABSENT : formatValue(totals.memoryUsed / totals.memoryTotal, "ratio")
        }
        note={`${formatValue(totals.memoryUsed, "bytes")} of ${formatValue(totals.memoryTotal, "bytes")}`}
      />
      <Stat name="Network in" value={formatValue(totals.received, "bytes_per_second")} note="all nodes" />
      <Stat name="Network out" value={formatValue(totals.transmitted, "bytes_per_second")} note="all nodes" />
    </dl>
  );
};

const Pages = ({ rows, first, matching, state: { page }, pageNumberHref }: FleetProps) => (
  <nav class="pages" aria-label="Pages">
    <span>
      {first + 1}–{first + rows.length} of {matching}
    </span>
    {page > 1 && (
      <a class="button" href={pageNumberHref(page - 1)} rel="prev">
        Previous
      </a>
    )}
    {first + rows.length < matching && (
      <a class="button" href={pageNumberHref(page + 1)} rel="next">
        Next
      </a>
    )}
  </nav>
);

interface StatProps {
  name: string;
  value: string;
  of?: string;
  note: string;
  tone?: "good" | "warning" | "critical";
}

const Stat = ({ name, value, of, note, tone }: StatProps) => (
  <div class="stat">
    <dt>{name}</dt>
    <dd class="stat-value">
      {value} {of !== undefined && <small>{of}</small>}
    </dd>
    <dd class={`stat-note ${tone ?? ""}`}>{note}</dd>
  </div>
);

const COLUMNS: readonly { key: SortKey; title: string; figure?: boolean }[] = [
  { key: "name", title: "Node" },
  { key: "status", title: "Status" },
  { key: "cpu", title: "CPU" },
  { key: "load", title: "Load 1 · 5 · 15" },
  { key: "memory", title: "Memory" },
  { key: "disk", title: "Disk /" },
  { key: "received", title: "In", figure: true },
  { key: "transmitted", title: "Out", figure: true },
  { key: "temperature", title: "Temp", figure: true },
  { key: "uptime", title: "Uptime", figure: true },
  { key: "seen", title: "Seen", figure: true },
];

const FleetTable = ({ rows, state, now, temperatures, sortHref, clientHref }: FleetProps) => (
  <section class="table-scroll" aria-label="Table of nodes" tabindex={0}>
    <table class="fleet">
      <thead>
        <tr>
          {COLUMNS.filter(({ key }) => temperatures || key !== "temperature").map(
            ({ key, title, figure }) => (
              <th scope="col" class={figure ? "figure" : undefined} aria-sort={sortOf(state, key)}>
                <a href={sortHref(key)} id={`sort-${key}`}>
                  {title}
                  {state.sort === key && <SortIcon direction={state.descending ? "desc" : "asc"} />}
                </a>
              </th>
            ),
          )}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <FleetTableRow row={row} now={now} temperatures={temperatures} href={clientHref(row.id)} />
        ))}
      </tbody>
    </table>
  </section>
);

const NoNodes = () => (
  <div class="empty-state">
    <h2>No nodes yet</h2>
    <p>Create a join token on this server, then paste the command that it prints on the machine to watch.</p>
    <pre>
      <code>dcmon token create</code>
    </pre>
    <p class="hint">The node appears here by itself within seconds.</p>
  </div>
);

function sortOf(state: TableState, key: SortKey): "ascending" | "descending" | undefined {
  if (state.sort !== key) return undefined;
  return state.descending ? "descending" : "ascending";
}
