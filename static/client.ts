import { ChartPage } from "./charts/page.ts";

const element = document.getElementById("charts");
if (element !== null) new ChartPage(element).start();
