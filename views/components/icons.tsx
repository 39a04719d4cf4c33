import type { Child } from "hono/jsx";

interface IconProps {
  size?: number;
  class?: string;
  children: Child;
}

/** Line icons beside words or in labelled buttons: hidden from screen readers. */
const Icon = ({ size = 16, class: name, children }: IconProps) => (
  <svg
    class={name}
    width={size}
    height={size}
    viewBox={`0 0 ${size} ${size}`}
    fill="none"
    stroke="currentColor"
    stroke-width="1.5"
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
  >
    {children}
  </svg>
);

/** A trace over a baseline: what the product shows. */
export const Mark = () => (
  <svg class="mark" width="22" height="22" viewBox="0 0 22 22" aria-hidden="true">
    <rect width="22" height="22" rx="6" class="mark-ground" />
    <path d="M4 13h3l2.2-6 3.4 9 2-5H18" class="mark-trace" />
  </svg>
);

export const SunMoonIcon = () => (
  <Icon>
    <circle cx="8" cy="8" r="5.5" />
    <path d="M8 2.5v11a5.5 5.5 0 0 0 0-11z" fill="currentColor" stroke="none" />
  </Icon>
);

export const SignOutIcon = () => (
  <Icon>
    <path d="M6 2.75H3.75a1 1 0 0 0-1 1v8.5a1 1 0 0 0 1 1H6M10.5 11l3-3-3-3M13.25 8H6.5" />
  </Icon>
);

export const SearchIcon = () => (
  <Icon>
    <circle cx="7" cy="7" r="4.25" />
    <path d="m10.25 10.25 3 3" />
  </Icon>
);

export const ChevronLeftIcon = () => (
  <Icon>
    <path d="m9.75 4-4 4 4 4" />
  </Icon>
);

export const ChevronRightIcon = () => (
  <Icon>
    <path d="m6.25 4 4 4-4 4" />
  </Icon>
);

export const ZoomOutIcon = () => (
  <Icon>
    <circle cx="7" cy="7" r="4.25" />
    <path d="m10.25 10.25 3 3M5.25 7h3.5" />
  </Icon>
);

export const CalendarIcon = () => (
  <Icon>
    <rect x="2.5" y="3.5" width="11" height="10" rx="1.5" />
    <path d="M2.5 6.75h11M5.5 2v2.5M10.5 2v2.5" />
  </Icon>
);

export const SortIcon = ({ direction }: { direction: "asc" | "desc" }) => (
  <Icon size={10} class="sort-icon">
    <path d={direction === "asc" ? "m2 6 3-3 3 3" : "m2 4 3 3 3-3"} />
  </Icon>
);
