// How many model tokens a text takes, estimated without a tokenizer. Runs everywhere.

// Words split where their case changes, digits, white space, runs of ASCII punctuation, anything else one by one.
const pieces = /[A-Z]?[a-z]+|[A-Z]+|[0-9]+|\s+|[!-/:-@[-`{-~]+|[^\s!-~]/gu;

/**
 * An estimate of `text`'s tokens in a current GPT-style vocabulary. Meant to be slightly high;
 * a test holds it against a real tokenizer on tables, JSON, prose, numbers and other scripts.
 */
export function estimateTokens(text: string): number {
  let tokens = 0;
  for (const [piece] of text.matchAll(pieces)) tokens += tokensOf(piece);
  return Math.ceil(tokens);
}

function tokensOf(piece: string): number {
  const first = piece.charCodeAt(0);
  if (first >= 48 && first <= 57) return Math.ceil(piece.length / 3);
  if ((first >= 65 && first <= 90) || (first >= 97 && first <= 122)) return piece.length <= 8 ? 1 : piece.length / 5;
  if (first > 126) return 0.8;
  if (piece.trim() === "") return piece.includes("\n") ? 0.8 : piece.length > 1 ? 1 : 0.1;
  return Math.ceil(piece.length / 4);
}
