// Writes the sample datasets into seeds/datasets/: same bytes on every machine, from a fixed seed. Runs under Node, from npm scripts.
// Without flags it writes what is missing or different and prints nothing else; `--check` only compares (exit 1 on drift).
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";

const folder = new URL("datasets/", import.meta.url);
const ordersSha256Path = new URL("orders.sha256", folder);
const orderCount = 60_000;
const yearStartMs = Date.UTC(2025, 0, 1);
const dayMs = 24 * 60 * 60 * 1000;
const daysInYear = 365;

/** mulberry32: 32 bits of state, the same numbers everywhere, since it uses integer arithmetic alone. */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const round2 = (value) => Math.round((value + Number.EPSILON) * 100) / 100;
const sum = (numbers) => round2(numbers.reduce((total, number) => total + number, 0));
/** Roughly normal, mean 0, within -3 and 3. Sums only: Math.sin and the like may differ in the last bit between machines. */
const noise = (random) => random() + random() + random() + random() + random() + random() - 3;

/** One of `choices`, each `[value, weight]`. */
function pick(random, choices) {
  let left = random() * choices.reduce((total, [, weight]) => total + weight, 0);
  for (const [value, weight] of choices) {
    left -= weight;
    if (left < 0) return value;
  }
  return choices[choices.length - 1][0];
}

/** A company's year of sales: `revenue` and `cost` are the sums of the months, and of the regions. */
function sales() {
  const random = randomFrom(11);
  const months = Array.from({ length: 12 }, (_, index) => {
    const revenue = round2(182_000 + index * 3_900 + (index >= 10 ? 41_000 : 0) + noise(random) * 6_000);
    return {
      month: `2025-${String(index + 1).padStart(2, "0")}`,
      revenue,
      cost: round2(revenue * (0.62 + noise(random) * 0.01)),
    };
  });
  const revenue = sum(months.map((month) => month.revenue));
  const cost = sum(months.map((month) => month.cost));
  const shares = [
    ["Europe", 0.41],
    ["North America", 0.33],
    ["Asia Pacific", 0.18],
    ["Latin America", 0.08],
  ];
  return {
    name: "sales",
    period: { from: "2025-01-01", to: "2025-12-31" },
    currency: "EUR",
    revenue,
    cost,
    by_month: months,
    by_region: splitByShare(shares, revenue, cost).map(({ label, ...amounts }) => ({ region: label, ...amounts })),
  };
}

/** Splits both totals by share; the last part takes the rest, so that the parts add up to the cent. */
function splitByShare(shares, revenue, cost) {
  let revenueLeft = revenue;
  let costLeft = cost;
  return shares.map(([label, share], index) => {
    const last = index === shares.length - 1;
    const part = {
      label,
      revenue: last ? revenueLeft : round2(revenue * share),
      cost: last ? costLeft : round2(cost * share),
    };
    revenueLeft = round2(revenueLeft - part.revenue);
    costLeft = round2(costLeft - part.cost);
    return part;
  });
}

const catalogue = [
  { product: "Trail Backpack 30L", category: "Outdoor", price: 89.9, unitCost: 47.2, weight: 9 },
  { product: "Two-Person Tent", category: "Outdoor", price: 219, unitCost: 128.5, weight: 4 },
  { product: "Down Sleeping Bag", category: "Outdoor", price: 164.5, unitCost: 92, weight: 5 },
  { product: "Steel Water Bottle", category: "Outdoor", price: 24.9, unitCost: 8.1, weight: 16 },
  { product: "Rain Jacket", category: "Clothing", price: 129, unitCost: 61.3, weight: 8 },
  { product: "Merino Base Layer", category: "Clothing", price: 74.5, unitCost: 33.8, weight: 10 },
  { product: "Hiking Socks 3-Pack", category: "Clothing", price: 29.9, unitCost: 9.4, weight: 18 },
  { product: "Road Helmet", category: "Cycling", price: 99, unitCost: 52.6, weight: 6 },
  { product: "Floor Pump", category: "Cycling", price: 49.5, unitCost: 21.7, weight: 7 },
  { product: "Commuter Lights", category: "Cycling", price: 39.9, unitCost: 15.2, weight: 11 },
  { product: "GPS Watch", category: "Electronics", price: 279, unitCost: 181.4, weight: 4 },
  { product: "Head Torch", category: "Electronics", price: 44.9, unitCost: 18.3, weight: 9 },
];

/** The product line with last year's units: `revenue` and `cost` are the sums over its items. */
function products() {
  const random = randomFrom(23);
  const items = catalogue.map((entry, index) => {
    const units = Math.round(entry.weight * 410 * (1 + noise(random) * 0.08));
    return {
      sku: `SD-${String(index + 101)}`,
      product: entry.product,
      category: entry.category,
      price: entry.price,
      unit_cost: entry.unitCost,
      units_sold: units,
      revenue: round2(entry.price * units),
      cost: round2(entry.unitCost * units),
      stock: Math.round(120 + random() * 900),
    };
  });
  return {
    name: "products",
    period: { from: "2025-01-01", to: "2025-12-31" },
    currency: "EUR",
    revenue: sum(items.map((item) => item.revenue)),
    cost: sum(items.map((item) => item.cost)),
    items,
  };
}

/** 90 days of active users: slow growth, quiet weekends. */
function metrics() {
  const random = randomFrom(37);
  const data = Array.from({ length: 90 }, (_, day) => {
    const weekend = (day + 2) % 7 >= 5;
    return Math.round((4_200 + day * 17) * (weekend ? 0.72 : 1) + noise(random) * 90);
  });
  return { name: "daily_active_users", unit: "users", interval: "1 day", start: "2025-10-01", data };
}

/** 120 hours of a service's response time: it gets faster after a change in the middle. */
function timeseries() {
  const random = randomFrom(53);
  const data = Array.from({ length: 120 }, (_, hour) => {
    const busy = hour % 24 >= 8 && hour % 24 < 20;
    return round2((hour < 60 ? 148 : 117) + (busy ? 22 : 0) + noise(random) * 5);
  });
  return { name: "p95_response_time", unit: "ms", interval: "1 hour", start: "2025-12-01T00:00:00Z", data };
}

const regions = [
  ["Europe", 41],
  ["North America", 33],
  ["Asia Pacific", 18],
  ["Latin America", 8],
];
const channels = [
  ["web", 58],
  ["app", 27],
  ["store", 11],
  ["phone", 4],
];
const statuses = [
  ["delivered", 88],
  ["shipped", 5],
  ["returned", 4],
  ["cancelled", 3],
];
const discounts = [
  [0, 62],
  [0.05, 16],
  [0.1, 13],
  [0.15, 6],
  [0.25, 3],
];
const quantities = [
  [1, 61],
  [2, 22],
  [3, 9],
  [4, 5],
  [6, 2],
  [10, 1],
];
const products12 = catalogue.map((entry) => [entry, entry.weight]);

/** Days of the year with more orders before the holidays and fewer in February, in order: one entry an order. */
function orderTimes(random) {
  const dayWeights = Array.from({ length: daysInYear }, (_, day) => {
    const season = day >= 325 && day < 357 ? 1.9 : day >= 31 && day < 59 ? 0.75 : 1;
    return [day, season * (1 + (day / daysInYear) * 0.35)];
  });
  const cumulative = [];
  let total = 0;
  for (const [, weight] of dayWeights) {
    total += weight;
    cumulative.push(total);
  }
  const times = Array.from({ length: orderCount }, () => {
    const target = random() * total;
    let low = 0;
    let high = daysInYear - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cumulative[middle] < target) low = middle + 1;
      else high = middle;
    }
    return yearStartMs + low * dayMs + Math.floor((6 + (random() + random()) * 8.9) * 3_600) * 1000;
  });
  return times.sort((a, b) => a - b);
}

/** 60,000 orders of one year, oldest first, as NDJSON. A few customers order often: the square of a random number picks one. */
function orders() {
  const random = randomFrom(97);
  const lines = orderTimes(random).map((orderedAtMs, index) => {
    const spread = random();
    const customer = Math.floor(spread * spread * 4_000) + 1;
    const entry = pick(random, products12);
    const quantity = pick(random, quantities);
    const discount = pick(random, discounts);
    return JSON.stringify({
      id: `O-${String(index + 1).padStart(6, "0")}`,
      ordered_at: new Date(orderedAtMs).toISOString().replace(".000Z", "Z"),
      customer: `C-${String(customer).padStart(4, "0")}`,
      region: regionOf(customer),
      product: entry.product,
      category: entry.category,
      quantity,
      unit_price: entry.price,
      discount,
      amount: round2(quantity * entry.price * (1 - discount)),
      status: pick(random, statuses),
      channel: pick(random, channels),
    });
  });
  return `${lines.join("\n")}\n`;
}

/** A customer lives in one region. */
function regionOf(customer) {
  return pick(randomFrom(customer * 7_919), regions);
}

const pretty = (value) =>
  `${JSON.stringify(value, null, 2).replace(/\[\s+(-?[\d.]+(?:,\s+-?[\d.]+)*)\s+\]/g, (_, numbers) => `[${numbers.replace(/\s+/g, " ")}]`)}\n`;
const sha256 = (text) => createHash("sha256").update(text).digest("hex");

/** Writes so that a stopped run leaves no half file. */
function writeWhole(url, text) {
  writeFileSync(`${fileURLToPath(url)}.part`, text);
  renameSync(`${fileURLToPath(url)}.part`, fileURLToPath(url));
}

/** The committed files' texts by name. */
export function smallDatasets() {
  return {
    "sales.json": pretty(sales()),
    "products.json": pretty(products()),
    "metrics.json": pretty(metrics()),
    "timeseries.json": pretty(timeseries()),
  };
}

/**
 * Makes seeds/datasets/orders.ndjson (git-ignored) unless the file there already has the committed hash.
 * Answers "current" or "written"; throws when what it makes differs from that hash.
 */
export function ensureOrders() {
  const url = new URL("orders.ndjson", folder);
  const expected = readFileSync(ordersSha256Path, "utf8").trim();
  if (existsSync(url) && sha256(readFileSync(url)) === expected) return "current";
  const text = orders();
  const found = sha256(text);
  if (found !== expected)
    throw new Error(`orders.ndjson would have the hash ${found}, seeds/datasets/orders.sha256 says ${expected}`);
  writeWhole(url, text);
  return "written";
}

function main(flags) {
  const drift = [];
  for (const [name, text] of Object.entries(smallDatasets())) {
    const url = new URL(name, folder);
    if (existsSync(url) && readFileSync(url, "utf8") === text) continue;
    drift.push(name);
    if (!flags.has("--check")) writeWhole(url, text);
  }
  const ordersSha256 = sha256(orders());
  if (!existsSync(ordersSha256Path) || readFileSync(ordersSha256Path, "utf8").trim() !== ordersSha256) {
    drift.push("orders.sha256");
    if (!flags.has("--check")) writeWhole(ordersSha256Path, `${ordersSha256}\n`);
  }
  if (flags.has("--check") && drift.length > 0) {
    console.error(
      `make-datasets: ${drift.join(", ")} in seeds/datasets/ differ; run \`node seeds/make-datasets.mjs\` and commit`,
    );
    process.exitCode = 1;
    return;
  }
  if (!flags.has("--check")) ensureOrders();
  console.log(
    drift.length === 0 ? "make-datasets: the sample data is current" : `make-datasets: wrote ${drift.join(", ")}`,
  );
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  mkdirSync(folder, { recursive: true });
  main(new Set(process.argv.slice(2)));
}
