// Charts as SVG texts of our own making: no script, nothing fetched, every text escaped. Pure.
import { cutText } from "../../core/markdown.ts";
import { axesOf, type Layout, layoutOf } from "./layout.ts";
import { areaMarks, barMarks, lineMarks, pieMarks, scatterMarks } from "./marks.ts";
import type { Chart } from "./types.ts";
import { element, escapeXml } from "./xml.ts";

export const chartWidth = 720;
export const chartHeight = 440;

/** Told apart by people who see few colours, on white and, lightened, on dark. */
const colours = [
  ["#0072b2", "#56b4e9"],
  ["#d55e00", "#ff9248"],
  ["#009e73", "#3fd6a8"],
  ["#b0569a", "#e39fd0"],
  ["#8a6d00", "#f0e442"],
  ["#4d4dab", "#a9a9ff"],
  ["#a3324a", "#ff8fa3"],
  ["#00798c", "#5fd4e6"],
  ["#6b7a00", "#c9db4a"],
  ["#7a4a1f", "#d8a878"],
  ["#5c5c5c", "#bdbdbd"],
  ["#1b6e20", "#7ed884"],
] as const;

const style = [
  "text{font:12px system-ui,sans-serif;fill:#333}",
  ".title{font-size:16px;font-weight:600;fill:#111}",
  ".ground{fill:#fff}.grid{stroke:#e3e3e3}.axis{stroke:#777}.edge{stroke:#fff}",
  ...colours.map(([light], index) => `.f${index}{fill:${light}}.l${index}{stroke:${light}}`),
  "@media (prefers-color-scheme:dark){",
  "text{fill:#ccc}.title{fill:#f2f2f2}.ground{fill:#17191c}.grid{stroke:#34373b}.axis{stroke:#8a8a8a}.edge{stroke:#17191c}",
  ...colours.map(([, dark], index) => `.f${index}{fill:${dark}}.l${index}{stroke:${dark}}`),
  "}",
].join("");

/** The chart as an SVG document of 720 by 440, in the colours of the reader's scheme. */
export function renderSvg(chart: Chart): string {
  const layout = layoutOf(chart, chartWidth, chartHeight);
  const isPie = chart.kind === "pie";
  const body = [
    element("rect", { class: "ground", width: chartWidth, height: chartHeight }),
    element("text", { class: "title", x: 16, y: 26 }, escapeXml(cutText(chart.title, 80))),
    ...legend(layout),
    ...(isPie ? [] : axesOf(chart, layout)),
    ...marksOf(chart, layout),
  ];
  const attributes = {
    xmlns: "http://www.w3.org/2000/svg",
    width: chartWidth,
    height: chartHeight,
    viewBox: `0 0 ${chartWidth} ${chartHeight}`,
    role: "img",
    "aria-labelledby": "t d",
  };
  return element(
    "svg",
    attributes,
    element("title", { id: "t" }, escapeXml(chart.title)) +
      element("desc", { id: "d" }, escapeXml(chart.description)) +
      element("style", {}, style) +
      body.join(""),
  );
}

/** Where a chart inside a page begins: above is only the title, which the page shows itself. */
const inlineTop = 34;

/**
 * The chart as a part of a page: an `<svg class="plot">` without styles of its own, since pages allow none. The page's sheet has colours for
 * its classes: `f0` to `f11` fills, `l0` to `l11` lines, `grid`, `axis` and `edge`. `id` must be the chart's own in the page.
 */
export function renderInlineSvg(
  chart: Chart,
  { id, width = chartWidth, height = chartHeight }: { id: string; width?: number; height?: number },
): string {
  const layout = layoutOf(chart, width, height);
  // Without a name under the axis the room for it goes, too.
  const bottom = chart.xLabel === "" && chart.kind !== "pie" ? height - 36 : height;
  const attributes = {
    class: "plot",
    // The last text under the axis may reach past it.
    viewBox: `0 ${inlineTop} ${width + 18} ${bottom - inlineTop}`,
    role: "img",
    "aria-labelledby": `${id}-t ${id}-d`,
  };
  const body = [...legend(layout), ...(chart.kind === "pie" ? [] : axesOf(chart, layout)), ...marksOf(chart, layout)];
  return element(
    "svg",
    attributes,
    element("title", { id: `${id}-t` }, escapeXml(chart.title)) +
      element("desc", { id: `${id}-d` }, escapeXml(chart.description)) +
      body.join(""),
  );
}

function marksOf(chart: Chart, layout: Layout): string[] {
  switch (chart.kind) {
    case "bar":
    case "histogram":
      return barMarks(chart, layout);
    case "line":
      return lineMarks(chart, layout);
    case "area":
      return areaMarks(chart, layout);
    case "scatter":
      return scatterMarks(chart, layout);
    case "pie":
      return pieMarks(chart, layout);
  }
}

/** Which colour is what. */
function legend(layout: Layout): string[] {
  return layout.legend.flatMap(({ x, y, text }, index) => [
    element("rect", { class: `f${index % colours.length}`, x, y: y - 9, width: 10, height: 10, rx: 2 }),
    element("text", { x: x + 15, y }, escapeXml(text)),
  ]);
}
