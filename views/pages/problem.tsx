import { Layout, type PageFrame } from "../layout.tsx";

/** A page that says what is not there, and where to go instead. */
export const ProblemPage = ({ frame, title, text }: { frame: PageFrame; title: string; text: string }) => (
  <Layout frame={frame} title={title}>
    <div class="empty-state">
      <h1>{title}</h1>
      <p>{text}</p>
      <p>
        <a class="button" href={frame.links.dashboard}>
          To the fleet
        </a>
      </p>
    </div>
  </Layout>
);
