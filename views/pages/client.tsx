import type { ClientStatus } from "../../src/server/client_status.ts";
import type { NodeFacts } from "../../src/server/node_facts.ts";
import type { ChartDefinition } from "../../static/charts/definitions.ts";
import { CalendarIcon, ChevronLeftIcon, ChevronRightIcon, ZoomOutIcon } from "../components/icons.tsx";
import { LastSeen } from "../components/last_seen.tsx";
import { Status } from "../components/status.tsx";
import { ABSENT, formatDuration, formatValue } from "../format.ts";
import { Layout, type PageFrame } from "../layout.tsx";

interface ClientPageProps {
  frame: PageFrame;
  client: { readonly id: string; readonly name: string; readonly instance: string };
  status: ClientStatus;
  /** Milliseconds since the epoch. */
  lastSeen: number | undefined;
  facts: NodeFacts;
  charts: readonly ChartDefinition[];
  /** The shortest interval between two readings of this client, in milliseconds. */
  interval: number;
  presets: readonly { readonly from: string; readonly label: string; readonly title: string }[];
  /** The preset that the URL asks for; undefined for a range of its own. */
  from: string | undefined;
  now: number;
}

export const ClientPage = (props: ClientPageProps) => (
  <Layout frame={props.frame} title={titleOf(props.client)} scripts={["client.js"]} styles={["charts.css"]}>
    <ClientHead {...props} />
    <RangeBar {...props} />
    <div
      id="charts"
      class="charts"
      data-instance={props.client.instance}
      data-interval={props.interval}
      data-query-range={props.frame.links.queryRange}
      data-login={props.frame.links.login}
    >
      {props.charts.map((chart) => (
        <ChartCard chart={chart} />
      ))}
    </div>
  </Layout>
);

/** The name, with the instance where another node may have the same name. */
function titleOf({ name, instance }: ClientPageProps["client"]): string {
  return instance === name ? name : `${name} (${instance})`;
}

const ClientHead = ({ frame, client, status, lastSeen, facts, now }: ClientPageProps) => (
  <header
    id="client-head"
    class="client-head"
    hx-get={frame.links.client(client.id)}
    hx-select="#client-head"
    hx-trigger="every 10s"
    hx-swap="outerMorph"
    data-status={status}
    data-refreshes
  >
    <div class="client-title">
      <nav aria-label="Breadcrumb" class="breadcrumb">
        <a href={frame.links.dashboard}>Fleet</a>
        <ChevronRightIcon />
      </nav>
      <h1>{client.name}</h1>
      {client.instance !== client.name && <span class="instance">{client.instance}</span>}
      <Status status={status} />
    </div>
    <dl class={status === "down" ? "facts old" : "facts"}>
      <Fact name="System" value={facts.os} />
      <Fact name="Kernel" value={[facts.kernel, facts.architecture].filter(Boolean).join(" · ")} />
      <Fact name="CPUs" value={facts.cpus === undefined ? undefined : String(facts.cpus)} />
      <Fact
        name="Memory"
        value={facts.memory === undefined ? undefined : formatValue(facts.memory, "bytes")}
      />
      <Fact
        name="Uptime"
        value={
          facts.bootTime === undefined || status === "down"
            ? undefined
            : formatDuration(now / 1000 - facts.bootTime)
        }
      />
      <div>
        <dt>Last seen</dt>
        <dd>
          <LastSeen lastSeen={lastSeen} now={now} />
        </dd>
      </div>
      {facts.agent !== undefined && <Fact name="Agent" value={facts.agent} />}
    </dl>
  </header>
);

const Fact = ({ name, value }: { name: string; value: string | undefined }) => (
  <div>
    <dt>{name}</dt>
    <dd>{value || ABSENT}</dd>
  </div>
);

const RangeBar = ({ presets, from }: ClientPageProps) => (
  <div class="range-bar" id="range-bar">
    <nav class="segments" aria-label="Time range">
      {presets.map((preset) => (
        <a
          href={`?from=${preset.from}`}
          title={preset.title}
          data-range={preset.from}
          aria-current={preset.from === from ? "true" : undefined}
        >
          {preset.label}
        </a>
      ))}
    </nav>
    <fieldset class="range-steps" aria-label="Move in time">
      <button type="button" class="icon-button" data-move="back" aria-label="Earlier" title="Earlier">
        <ChevronLeftIcon />
      </button>
      <button type="button" class="icon-button" data-move="forward" aria-label="Later" title="Later">
        <ChevronRightIcon />
      </button>
      <button type="button" class="icon-button" data-move="out" aria-label="Zoom out" title="Zoom out">
        <ZoomOutIcon />
      </button>
    </fieldset>
    <details class="custom-range">
      <summary class="button">
        <CalendarIcon />
        <span id="range-text">Custom</span>
      </summary>
      <form class="popover" id="custom-range">
        <label>
          From
          <input type="datetime-local" name="from" step="1" required />
        </label>
        <label>
          To
          <input type="datetime-local" name="to" step="1" required />
        </label>
        <p class="field-error" id="custom-range-error" role="alert" hidden />
        <button type="submit" class="primary">
          Show
        </button>
      </form>
    </details>
    <span class="live" id="live-state" role="status" />
    <p class="notice" id="range-notice" role="status" hidden />
  </div>
);

const ChartCard = ({ chart }: { chart: ChartDefinition }) => (
  <section class="chart" data-chart={chart.id} aria-labelledby={`${chart.id}-title`} aria-busy="true">
    <header class="chart-head">
      <h2 id={`${chart.id}-title`}>{chart.title}</h2>
      <span class="chart-note" aria-hidden="true" />
    </header>
    <div
      class="plot"
      tabindex={0}
      role="img"
      aria-label={`Chart of ${chart.title}. Arrow keys move the cursor.`}
    >
      <p class="plot-message">Loading…</p>
    </div>
    <div class="legend">
      <table>
        <thead>
          <tr>
            <th scope="col">Series</th>
            <th scope="col" class="figure" data-last>
              Last
            </th>
            <th scope="col" class="figure">
              Min
            </th>
            <th scope="col" class="figure">
              Max
            </th>
          </tr>
        </thead>
        <tbody />
      </table>
    </div>
  </section>
);
