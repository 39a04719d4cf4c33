import { formatAgo } from "../format.ts";

/** How long ago a node was last heard of. Milliseconds since the epoch. */
export const LastSeen = ({ lastSeen, now }: { lastSeen: number | undefined; now: number }) => {
  if (lastSeen === undefined) return <>never</>;
  const seconds = (now - lastSeen) / 1000;
  return (
    <time datetime={new Date(lastSeen).toISOString()} data-age={Math.max(0, Math.round(seconds))}>
      {formatAgo(seconds)}
    </time>
  );
};
