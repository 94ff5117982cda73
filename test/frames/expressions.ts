// Random expressions, each in our language and in DuckDB's: the same question asked of both. Runs anywhere.
import type { Column } from "../../src/engines/frame/types.ts";
import type { Random } from "./random.ts";

/** One expression in both languages. */
export interface Asked {
  ours: string;
  duck: string;
}

type Kind = "whole" | "float" | "decimal" | "text" | "bool" | "date" | "timestamp";

const kinds: Readonly<Record<string, Kind>> = {
  ...{ int: "whole", int64: "whole", float: "float", decimal: "decimal", text: "text", bool: "bool" },
  ...{ date: "date", timestamp: "timestamp" },
};

const same = (text: string): Asked => ({ ours: text, duck: text });

/** Expressions over the columns of one frame. */
export class Expressions {
  readonly #random: Random;
  readonly #columns: readonly Column[];

  constructor(random: Random, columns: readonly Column[]) {
    this.#random = random;
    this.#columns = columns;
  }

  /** One of a kind that a derived column may have. */
  value(): Asked {
    return this.#of(this.#random.pick<Kind>(["whole", "whole", "float", "text", "bool", "date", "decimal"]), 2);
  }

  condition(): Asked {
    return this.#bool(3);
  }

  #of(kind: Kind, depth: number): Asked {
    switch (kind) {
      case "whole":
        return this.#whole(depth);
      case "float":
        return this.#float(depth);
      case "decimal":
        return this.#decimal();
      case "text":
        return this.#text(depth);
      case "bool":
        return this.#bool(depth);
      case "date":
        return this.#date(depth);
      case "timestamp":
        return (
          this.#column("timestamp") ?? {
            ours: "TIMESTAMP '2024-03-01 00:00:00'",
            duck: "TIMESTAMP '2024-03-01 00:00:00'",
          }
        );
    }
  }

  /** A column of that kind, written in one of the ways there are. */
  #column(kind: Kind): Asked | undefined {
    const fitting = this.#columns.filter(({ type }) => kinds[type] === kind);
    if (fitting.length === 0) return undefined;
    const { name } = this.#random.pick(fitting);
    const ours = this.#random.pick([
      name,
      name,
      `\`${name}\``,
      `[${name}]`,
      `"${name}"`,
      `df['${name}']`,
      `df.${name}`,
      name.toUpperCase(),
    ]);
    return { ours, duck: `"${name}"` };
  }

  /** With both parts in brackets, so that each language reads what is meant. */
  #two(left: Asked, operator: string, right: Asked, duck = operator): Asked {
    return { ours: `(${left.ours}) ${operator} (${right.ours})`, duck: `((${left.duck}) ${duck} (${right.duck}))` };
  }

  #call(name: string, ...args: Asked[]): Asked {
    return {
      ours: `${name}(${args.map(({ ours }) => ours).join(", ")})`,
      duck: `${name}(${args.map(({ duck }) => duck).join(", ")})`,
    };
  }

  #choice(kind: Kind, depth: number): Asked {
    const [test, one, other] = [this.#bool(depth), this.#of(kind, depth), this.#of(kind, depth)];
    if (this.#random.chance(0.5)) return this.#call("coalesce", one, other);
    return {
      ours: `CASE WHEN ${test.ours} THEN ${one.ours} ELSE ${other.ours} END`,
      duck: `CASE WHEN ${test.duck} THEN ${one.duck} ELSE ${other.duck} END`,
    };
  }

  #whole(depth: number): Asked {
    const leaf = () => {
      const number = this.#random.int(9) - 4;
      return (
        (this.#random.chance(0.7) ? this.#column("whole") : undefined) ?? {
          ours: String(number),
          duck: `CAST(${number} AS BIGINT)`,
        }
      );
    };
    if (depth === 0) return leaf();
    const next = () => this.#whole(depth - 1);
    switch (this.#random.int(11)) {
      case 0:
        return this.#two(next(), "+", next());
      case 1:
        return this.#two(next(), "-", next());
      case 2:
        return this.#two(leaf(), "*", leaf());
      case 3:
        return this.#floorDivision(next(), leaf());
      case 4:
        return this.#rest(next(), leaf());
      case 5:
        return this.#call("abs", next());
      case 6: {
        const text = this.#text(depth - 1);
        return this.#random.chance(0.5)
          ? this.#call("length", text)
          : { ours: `(${text.ours}).str.len()`, duck: `length(${text.duck})` };
      }
      case 7: {
        const part = this.#random.pick(["year", "month", "day", "quarter"]);
        const date = this.#date(depth - 1);
        return this.#random.chance(0.5)
          ? this.#call(part, date)
          : { ours: `(${date.ours}).dt.${part}`, duck: `${part}(${date.duck})` };
      }
      case 8: {
        const unit = this.#random.pick(["day", "month", "year", "quarter"]);
        return this.#call("date_diff", same(`'${unit}'`), this.#date(depth - 1), this.#date(depth - 1));
      }
      case 9:
        return this.#choice("whole", depth - 1);
      default:
        return leaf();
    }
  }

  /** DuckDB's rest has the sign of the dividend. */
  #rest(a: Asked, b: Asked): Asked {
    const duck = `CASE WHEN (${b.duck}) = 0 THEN NULL ELSE (((${a.duck}) % (${b.duck})) + (${b.duck})) % (${b.duck}) END`;
    return { ours: `(${a.ours}) % (${b.ours})`, duck };
  }

  #floorDivision(a: Asked, b: Asked): Asked {
    const { duck } = this.#rest(a, b);
    return {
      ours: `(${a.ours}) // (${b.ours})`,
      duck: `CASE WHEN (${b.duck}) = 0 THEN NULL ELSE ((${a.duck}) - (${duck})) // (${b.duck}) END`,
    };
  }

  #float(depth: number): Asked {
    const leaf = () => {
      const number = `${this.#random.int(5)}.${this.#random.pick(["0", "25", "5", "75"])}`;
      return (
        (this.#random.chance(0.7) ? this.#column("float") : undefined) ?? {
          ours: number,
          duck: `CAST(${number} AS DOUBLE)`,
        }
      );
    };
    if (depth === 0) return leaf();
    const next = () => this.#float(depth - 1);
    switch (this.#random.int(8)) {
      case 0:
        return this.#two(next(), this.#random.pick(["+", "-", "*"]), next());
      case 1:
        return this.#division(this.#number(depth - 1), this.#number(depth - 1));
      case 2:
        return this.#call(this.#random.pick(["abs", "floor", "ceil", "round"]), next());
      case 3: {
        const value = this.#whole(depth - 1);
        return { ours: `CAST(${value.ours} AS float)`, duck: `CAST(${value.duck} AS DOUBLE)` };
      }
      case 4:
        return this.#choice("float", depth - 1);
      case 5: {
        const [a, b] = [next(), this.#whole(0)];
        return this.#two(a, this.#random.pick(["+", "-", "*"]), { ours: b.ours, duck: `CAST(${b.duck} AS DOUBLE)` });
      }
      default:
        return leaf();
    }
  }

  #division(a: Asked, b: Asked): Asked {
    return {
      ours: `(${a.ours}) / (${b.ours})`,
      duck: `CASE WHEN (${b.duck}) = 0 THEN NULL ELSE CAST(${a.duck} AS DOUBLE) / CAST(${b.duck} AS DOUBLE) END`,
    };
  }

  #decimal(): Asked {
    const column = () =>
      this.#column("decimal") ?? { ours: "CAST('1.25' AS decimal(10, 2))", duck: "CAST('1.25' AS DECIMAL(10, 2))" };
    return this.#random.chance(0.5) ? column() : this.#two(column(), this.#random.pick(["+", "-"]), column());
  }

  #number(depth: number): Asked {
    return this.#random.chance(0.5) ? this.#whole(depth) : this.#float(depth);
  }

  #text(depth: number): Asked {
    const leaf = () =>
      (this.#random.chance(0.7) ? this.#column("text") : undefined) ??
      same(this.#random.pick(["'a'", "'north'", "'it''s'", "'Ж'", "''"]));
    if (depth === 0) return leaf();
    const next = () => this.#text(depth - 1);
    switch (this.#random.int(8)) {
      case 0:
        return this.#two(next(), "||", next());
      case 1: {
        const text = next();
        const name = this.#random.pick(["lower", "upper"]);
        return this.#random.chance(0.5)
          ? this.#call(name, text)
          : { ours: `(${text.ours}).str.${name}()`, duck: `${name}(${text.duck})` };
      }
      case 2:
        return this.#call("substr", next(), same(String(1 + this.#random.int(3))), same(String(this.#random.int(3))));
      case 3:
        return this.#call("replace", next(), same("'a'"), same("'xy'"));
      case 4:
        return this.#call("trim", next());
      case 5: {
        const value = this.#whole(0);
        return { ours: `CAST(${value.ours} AS text)`, duck: `CAST(${value.duck} AS VARCHAR)` };
      }
      case 6:
        return this.#choice("text", depth - 1);
      default:
        return leaf();
    }
  }

  #date(depth: number): Asked {
    const leaf = () =>
      (this.#random.chance(0.7) ? this.#column("date") : undefined) ??
      same(`DATE '${this.#random.pick(["2024-02-29", "1999-12-31"])}'`);
    if (depth === 0) return leaf();
    switch (this.#random.int(4)) {
      case 0: {
        const days = this.#random.int(400) - 200;
        const date = leaf();
        return {
          ours: `(${date.ours}) + (${days})`,
          duck: `CAST((${date.duck}) + (CAST(${days} AS INTEGER)) AS DATE)`,
        };
      }
      case 1: {
        const date = leaf();
        const unit = this.#random.pick(["month", "year", "week", "quarter", "day"]);
        return {
          ours: `date_trunc('${unit}', ${date.ours})`,
          duck: `CAST(date_trunc('${unit}', ${date.duck}) AS DATE)`,
        };
      }
      case 2:
        return this.#choice("date", depth - 1);
      default:
        return leaf();
    }
  }

  #bool(depth: number): Asked {
    if (depth === 0) return this.#column("bool") ?? this.#comparison(0);
    const next = () => this.#bool(depth - 1);
    switch (this.#random.int(10)) {
      case 0:
      case 1:
        return this.#two(next(), this.#random.pick(["and", "&"]), next(), "AND");
      case 2:
        return this.#two(next(), this.#random.pick(["or", "|"]), next(), "OR");
      case 3: {
        const { ours, duck } = next();
        return { ours: `${this.#random.pick(["not ", "~"])}(${ours})`, duck: `(NOT (${duck}))` };
      }
      case 4:
        return this.#nullTest(depth - 1);
      case 5:
        return this.#membership(depth - 1);
      case 6:
        return this.#pattern(depth - 1);
      default:
        return this.#comparison(depth - 1);
    }
  }

  #comparison(depth: number): Asked {
    const kind = this.#random.pick<Kind>(["whole", "float", "text", "date", "timestamp", "decimal"]);
    const operator = this.#random.pick(["=", "==", "!=", "<>", "<", "<=", ">", ">="]);
    const [a, b] = [this.#of(kind, depth), this.#of(kind, depth)];
    if (this.#random.chance(0.15)) {
      const c = this.#of(kind, 0);
      return {
        ours: `(${a.ours}) between (${b.ours}) and (${c.ours})`,
        duck: `((${a.duck}) BETWEEN (${b.duck}) AND (${c.duck}))`,
      };
    }
    return this.#two(a, operator, b, operator === "==" ? "=" : operator);
  }

  #nullTest(depth: number): Asked {
    const kind = this.#random.pick<Kind>(["whole", "float", "text", "bool", "date"]);
    const { ours, duck } = this.#of(kind, depth);
    switch (this.#random.int(4)) {
      case 0:
        return { ours: `(${ours}) is null`, duck: `((${duck}) IS NULL)` };
      case 1:
        return { ours: `(${ours}) is not null`, duck: `((${duck}) IS NOT NULL)` };
      default: {
        const missing = kind === "float" ? `((${duck}) IS NULL OR isnan(${duck}))` : `((${duck}) IS NULL)`;
        return this.#random.chance(0.5)
          ? { ours: `(${ours}).isna()`, duck: missing }
          : { ours: `(${ours}).notnull()`, duck: `(NOT ${missing})` };
      }
    }
  }

  #membership(depth: number): Asked {
    const isText = this.#random.chance(0.5);
    const value = this.#of(isText ? "text" : "whole", depth);
    const items = Array.from({ length: 1 + this.#random.int(3) }, () =>
      isText ? this.#random.pick(["'a'", "'north'", "''"]) : String(this.#random.int(6)),
    );
    const hasNull = this.#random.chance(0.2);
    const listed = [...items, ...(hasNull ? ["NULL"] : [])].join(", ");
    const negated = this.#random.chance(0.3);
    const sql = `((${value.duck}) ${negated ? "NOT IN" : "IN"} (${listed}))`;
    if (this.#random.chance(0.6))
      return {
        ours: `(${value.ours}) ${negated ? "not in" : "in"} ${this.#random.chance(0.5) ? `(${listed})` : `[${listed}]`}`,
        duck: sql,
      };
    // pandas' isin is never null.
    const plain = `coalesce((${value.duck}) IN (${items.join(", ")}), false)`;
    return {
      ours: `(${value.ours}).isin([${items.join(", ")}${hasNull ? ", None" : ""}])`,
      duck: hasNull ? `(${plain} OR (${value.duck}) IS NULL)` : plain,
    };
  }

  #pattern(depth: number): Asked {
    const { ours, duck } = this.#text(depth);
    const part = this.#random.pick(["a", "o", "%", "", "it'", "\u{1F600}"]).replaceAll("'", "''");
    switch (this.#random.int(4)) {
      case 0: {
        const like = this.#random.pick(["%a%", "_", "a%", "%", "%o_th", "n%h", "", "_%_"]);
        const negated = this.#random.chance(0.3) ? "not " : "";
        return { ours: `(${ours}) ${negated}like '${like}'`, duck: `((${duck}) ${negated}ILIKE '${like}')` };
      }
      case 1:
        return { ours: `(${ours}).str.contains('${part}')`, duck: `contains(${duck}, '${part}')` };
      case 2:
        return { ours: `(${ours}).str.startswith('${part}')`, duck: `starts_with(${duck}, '${part}')` };
      default:
        return { ours: `(${ours}).str.endswith('${part}')`, duck: `suffix(${duck}, '${part}')` };
    }
  }
}
