import type { FleetRow } from "../../src/server/fleet_table.ts";
import { Meter, Sparkline } from "../components/figures.tsx";
import { LastSeen } from "../components/last_seen.tsx";
import { Status } from "../components/status.tsx";
import { ABSENT, formatDuration, formatValue } from "../format.ts";

interface RowProps {
  row: FleetRow;
  now: number;
  /** There is a column for them. */
  temperatures: boolean;
  href: string;
}

/** One node of the fleet table. Its id lets a refresh keep the element. */
export const FleetTableRow = ({ row, now, temperatures, href }: RowProps) => {
  const { reading, memoryUsed } = row;
  return (
    <tr id={`client-${row.id}`} class={row.status}>
      <th scope="row" class="cell-name">
        <a href={href} class="row-link">
          {row.name}
        </a>
        {row.instance !== row.name && <span class="instance">{row.instance}</span>}
        <Labels labels={row.labels} />
      </th>
      <td class="cell-status">
        <Status status={row.status} />
      </td>
      <td class="cell-cpu" data-label="CPU">
        <span class="with-trend">
          <Meter
            ratio={reading.cpu}
            title={reading.cpus === undefined ? undefined : `${reading.cpus} CPUs`}
          />
          {reading.cpuTrend && <Sparkline values={reading.cpuTrend} label="CPU over the last half hour" />}
        </span>
      </td>
      <td class="cell-load" data-label="Load">
        <Loads reading={reading} />
      </td>
      <td class="cell-memory" data-label="Memory">
        <Meter ratio={memoryUsed} title={memoryTitle(row)} />
      </td>
      <td class="cell-disk" data-label="Disk /">
        <Meter ratio={reading.rootUsed} />
      </td>
      <td class="figure" data-label="In">
        {formatValue(reading.received, "bytes_per_second")}
      </td>
      <td class="figure" data-label="Out">
        {formatValue(reading.transmitted, "bytes_per_second")}
      </td>
      {temperatures && (
        <td class="figure cell-temperature" data-label="Temp">
          {reading.temperature === undefined ? ABSENT : `${Math.round(reading.temperature)} °C`}
        </td>
      )}
      <td class="figure cell-uptime" data-label="Uptime">
        {row.uptime === undefined ? ABSENT : formatDuration(row.uptime)}
      </td>
      <td class="figure cell-seen" data-label="Seen">
        <LastSeen lastSeen={row.lastSeen} now={now} />
      </td>
    </tr>
  );
};

const Labels = ({ labels }: { labels: Readonly<Record<string, string>> }) => {
  const text = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  if (text.length === 0) return null;
  return (
    <span class="labels" title={text.join("\n")}>
      {text.join(" · ")}
    </span>
  );
};

const Loads = ({ reading: { load1, load5, load15 } }: { reading: FleetRow["reading"] }) =>
  load1 === undefined ? (
    <span class="absent">{ABSENT}</span>
  ) : (
    <span class="loads">
      {[load1, load5, load15].map((load) => (
        <span>{load === undefined ? ABSENT : load.toFixed(2)}</span>
      ))}
    </span>
  );

/** "2.00 GiB of 8.00 GiB" */
function memoryTitle({ reading, memoryUsed }: FleetRow): string | undefined {
  if (memoryUsed === undefined) return undefined;
  const used = formatValue(memoryUsed * reading.memoryTotal!, "bytes");
  return `${used} of ${formatValue(reading.memoryTotal, "bytes")}`;
}
