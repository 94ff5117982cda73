// Planted secrets: what each is, who may see it, and how it is found again in any text. Runs anywhere.
import type { Random } from "./random.ts";

/** Who reads an answer; undefined: nobody we know. Only the world knows what is inside. */
export interface Canary<Viewer> {
  text: string;
  team: string;
  /** Where it was planted, for the report. */
  what: string;
  /** Each place it stands in; whoever may see one of them may see it. */
  places: ((viewer: Viewer) => boolean)[];
  /** Places that only logs show: somebody sent it there. */
  logged: Map<string, (viewer: Viewer) => boolean>;
  /** It is part of a dataset, tool or function, which may be hidden from some. */
  inThing: boolean;
  /** Teams to which somebody sent it: it may stand in what they keep. */
  sentTo: Set<string>;
}

const canaryPattern = /zq[a-z2-7]{14}/g;
/** Identifiers and secrets that the server makes: a short prefix and 16 random bytes or more. A person's and a session's are no team's. */
const mintedPattern = /\b(?:[a-z]{2,6}_[A-Za-z0-9_-]{22,43})(?![A-Za-z0-9_-])/g;
const packedPattern = /[A-Za-z0-9_-]{20,}/g;

/** All canaries of a run, and every identifier that the server has made in it. */
export class Canaries<Viewer> {
  readonly #known = new Map<string, Canary<Viewer>>();
  readonly #secrets = new Set<string>();
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  get size(): number {
    return this.#known.size;
  }

  /** A fresh secret of `team` that whoever passes `place` may see. */
  plant(team: string, what: string, place: (viewer: Viewer) => boolean, inThing = false): string {
    const text = `zq${this.#random.letters(14)}`;
    this.#add(text, team, what, place, inThing);
    return text;
  }

  /** Takes note of something that the server made, such as a token's id, unless it is known. */
  note(text: string, team: string, what: string, place: (viewer: Viewer) => boolean): void {
    const known = this.#known.get(text);
    if (known === undefined) this.#add(text, team, what, place);
    else if (known.team === team) known.places.push(place);
  }

  /** A secret of another form than identifiers have, found by its text alone. Nobody is shown it twice. */
  noteSecret(text: string, team: string, what: string): void {
    this.note(text, team, what, () => false);
    this.#secrets.add(text);
  }

  /** From now on logs of a team show a known one to whoever passes `place` too: `sender` sent it there. */
  spread(text: string, team: string, sender: string, place: (viewer: Viewer) => boolean): void {
    const known = this.#known.get(text);
    known?.sentTo.add(team);
    known?.logged.set(`${team} ${sender}`, place);
  }

  #add(text: string, team: string, what: string, place: (viewer: Viewer) => boolean, inThing = false): void {
    this.#known.set(text, { text, team, what, places: [place], logged: new Map(), inThing, sentTo: new Set() });
  }

  /** All that a team has so far. */
  textsOf(team: string): string[] {
    return [...this.#known.values()].filter((canary) => canary.team === team).map(({ text }) => text);
  }

  get(text: string): Canary<Viewer> | undefined {
    return this.#known.get(text);
  }

  /** The canaries that a text holds, packed in base64url or not, and the identifiers in it that are not known yet. */
  find(text: string): { canaries: Canary<Viewer>[]; unknown: string[] } {
    const found = new Set<Canary<Viewer>>();
    const unknown = new Set<string>();
    const look = (part: string): void => {
      for (const [match] of part.matchAll(canaryPattern)) {
        const canary = this.#known.get(match);
        if (canary !== undefined) found.add(canary);
      }
      for (const [match] of part.matchAll(mintedPattern)) {
        const canary = this.#known.get(match);
        if (canary !== undefined) found.add(canary);
        else if (/[A-Z]/.test(match) && !/^(?:per|ses)_/.test(match)) unknown.add(match);
      }
    };
    look(text);
    for (const secret of this.#secrets) {
      const canary = text.includes(secret) ? this.#known.get(secret) : undefined;
      if (canary !== undefined) found.add(canary);
    }
    for (const [packed] of text.matchAll(packedPattern)) {
      const unpacked = unpack(packed);
      if (unpacked !== undefined) look(unpacked);
    }
    return { canaries: [...found], unknown: [...unknown] };
  }
}

function unpack(packed: string): string | undefined {
  try {
    return atob(packed.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return undefined;
  }
}
