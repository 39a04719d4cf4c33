import { keepAddress } from "./address.ts";
import { watchConnection } from "./connection.ts";
import { ageWhileLost } from "./last_seen.ts";
import { bindThemeToggle } from "./theme_toggle.ts";

/** On every page, once the document is there: the script is deferred. */
bindThemeToggle();
watchConnection();
ageWhileLost();
keepAddress();
