// A strict reader of Prometheus text format 0.0.4: it accepts what the format allows of what we write, and throws for all else.

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export interface MetricFamily {
  type: string;
  help: string;
  samples: Sample[];
}

const metricName = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const labelPair = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y;

/** The families by name. Throws, with the line, at the first thing that is not in order. */
export function readExposition(text: string): Map<string, MetricFamily> {
  if (!text.endsWith("\n")) throw new Error("the last line does not end");
  const families = new Map<string, MetricFamily>();
  const seen = new Set<string>();
  let current: [string, MetricFamily] | undefined;
  let help: [string, string] | undefined;
  for (const line of text.slice(0, -1).split("\n")) {
    const fail = (why: string): never => {
      throw new Error(`${why}: ${line}`);
    };
    const helped = new RegExp(`^# HELP (${metricName}) ((?:[^\\\\]|\\\\[\\\\n])+)$`).exec(line);
    const typed = new RegExp(`^# TYPE (${metricName}) (counter|gauge|histogram)$`).exec(line);
    if (helped !== null) {
      help = [helped[1] ?? "", helped[2] ?? ""];
      continue;
    }
    if (typed !== null) {
      const name = typed[1] ?? "";
      if (help?.[0] !== name) fail("TYPE without its HELP before it");
      if (families.has(name)) fail("a family that comes twice");
      current = [name, { type: typed[2] ?? "", help: help?.[1] ?? "", samples: [] }];
      families.set(...current);
      continue;
    }
    const sample = new RegExp(`^(${metricName})(?:\\{(.*)\\})? (-?[0-9.]+(?:e[+-]?[0-9]+)?|[+-]Inf|NaN)$`).exec(line);
    if (sample === null || current === undefined) throw new Error(`not a sample of a family: ${line}`);
    const [family, { type, samples }] = current;
    const name = sample[1] ?? "";
    const suffixes = type === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
    if (!suffixes.some((suffix) => name === family + suffix)) fail(`a sample that is not of ${family}`);
    if (type === "counter" && !name.endsWith("_total")) fail("a counter whose name does not end in _total");
    const labels = readLabels(sample[2], line);
    const identity = `${name} ${JSON.stringify(Object.entries(labels).sort())}`;
    if (seen.has(identity)) fail("a series that comes twice");
    seen.add(identity);
    samples.push({ name, labels, value: Number((sample[3] ?? "").replace("Inf", "Infinity")) });
  }
  for (const [name, { type, samples }] of families) {
    if (samples.length === 0) throw new Error(`${name} has no sample`);
    if (type === "histogram") checkHistogram(name, samples);
  }
  return families;
}

function readLabels(text: string | undefined, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  if (text === undefined) return labels;
  labelPair.lastIndex = 0;
  for (let at = 0; at < text.length; at = labelPair.lastIndex) {
    const [, name = "", value = ""] = labelPair.exec(text) ?? [];
    if (name === "") throw new Error(`labels cannot be read: ${line}`);
    if (name in labels) throw new Error(`a label that comes twice: ${line}`);
    labels[name] = value.replaceAll(/\\(.)/g, (_all, char: string) => (char === "n" ? "\n" : char));
  }
  return labels;
}

/** Bounds rise, counts do not fall, the last bucket is +Inf and equals the count, and there is a sum. */
function checkHistogram(name: string, samples: readonly Sample[]): void {
  const series = Map.groupBy(samples, ({ labels: { le: _, ...rest } }) => JSON.stringify(rest));
  for (const [key, rows] of series) {
    const buckets = rows.filter((row) => row.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels }) => Number(labels.le?.replace("Inf", "Infinity")));
    const counts = buckets.map(({ value }) => value);
    const rises = (numbers: readonly number[], strictly: boolean): boolean =>
      numbers.every((n, i) => i === 0 || (strictly ? n > (numbers[i - 1] ?? 0) : n >= (numbers[i - 1] ?? 0)));
    const count = rows.find((row) => row.name === `${name}_count`)?.value;
    const sum = rows.find((row) => row.name === `${name}_sum`)?.value;
    const isWhole = bounds.at(-1) === Number.POSITIVE_INFINITY && counts.at(-1) === count && sum !== undefined;
    if (!rises(bounds, true) || !rises(counts, false) || !isWhole) {
      throw new Error(`${name}${key} is not a histogram: ${JSON.stringify(rows)}`);
    }
  }
}
