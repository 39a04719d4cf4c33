import { SearchIcon } from "../components/icons.tsx";
import { Fleet, type FleetProps } from "../fragments/fleet.tsx";
import { Layout, type PageFrame } from "../layout.tsx";

interface DashboardProps {
  frame: PageFrame;
  fleet: FleetProps;
}

export const DashboardPage = ({ frame, fleet }: DashboardProps) => (
  <Layout frame={frame} title="Fleet">
    <div class="page-head">
      <h1>Fleet</h1>
      {/* Without scripts this is a plain form; with them the table follows each keystroke. */}
      <search>
        <form
          class="search"
          action={frame.links.dashboard}
          hx-get={frame.links.refreshClients}
          hx-trigger="input changed delay:150ms, submit"
          hx-target="#fleet"
          hx-swap="outerMorph"
          hx-sync="#fleet:replace"
        >
          <SearchIcon />
          <input
            type="search"
            name="q"
            value={fleet.state.filter}
            placeholder="Filter by name or label"
            aria-label="Filter nodes"
            autocomplete="off"
          />
          {(fleet.state.sort !== "name" || fleet.state.descending) && (
            <input type="hidden" name="sort" value={(fleet.state.descending ? "-" : "") + fleet.state.sort} />
          )}
        </form>
      </search>
    </div>
    <Fleet {...fleet} />
  </Layout>
);
