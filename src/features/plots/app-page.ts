// The page in which hosts with MCP Apps show a chart: it takes the image out of the tool's result. Static; no data in it. Runs everywhere.

/** The resource that plot names as its app. */
export const chartAppUri = "ui://super-data/chart.html";

/** Speaks the protocol of MCP Apps (2026-01-26) with the host that frames it, and fetches nothing. */
export const chartPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="color-scheme" content="light dark">
<title>Chart</title>
<style>body{margin:0;font:14px system-ui,sans-serif}img{display:block;width:100%;height:auto}p{margin:12px}</style>
</head>
<body>
<img id="chart" alt="" hidden>
<p id="note" role="status">Waiting for the chart…</p>
<script>
const host = window.parent;
const chart = document.getElementById("chart");
const note = document.getElementById("note");
const send = (message) => host.postMessage({ jsonrpc: "2.0", ...message }, "*");
const say = (text) => {
  chart.hidden = true;
  note.hidden = false;
  note.textContent = text;
};
const show = (result) => {
  const content = Array.isArray(result?.content) ? result.content : [];
  const image = content.find((part) => part.type === "image" && part.mimeType === "image/svg+xml");
  if (image === undefined) {
    const text = content.find((part) => part.type === "text");
    return say(text === undefined ? "There is no chart in this answer." : text.text);
  }
  const { title, points } = result.structuredContent ?? {};
  chart.alt = title === undefined ? "Chart" : "Chart: " + title + ", " + points + " points";
  chart.src = "data:image/svg+xml;base64," + image.data;
  chart.hidden = false;
  note.hidden = true;
};
chart.addEventListener("load", () => {
  const { width, height } = document.documentElement.getBoundingClientRect();
  send({ method: "ui/notifications/size-changed", params: { width: Math.ceil(width), height: Math.ceil(height) } });
});
window.addEventListener("message", ({ source, data }) => {
  if (source !== host || data?.jsonrpc !== "2.0") return;
  if (data.id === 1 && data.method === undefined) send({ method: "ui/notifications/initialized", params: {} });
  else if (data.method === "ui/notifications/tool-result") show(data.params);
  else if (data.method === "ui/notifications/tool-cancelled") say("The call was cancelled.");
  else if (data.method === "ui/resource-teardown" || data.method === "ping") send({ id: data.id, result: {} });
});
const appInfo = { name: "super-data-chart", version: "1" };
send({ id: 1, method: "ui/initialize", params: { appInfo, appCapabilities: {}, protocolVersion: "2026-01-26" } });
</script>
</body>
</html>
`;
