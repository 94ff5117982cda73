// What both ends of a team's feed agree on. Runs everywhere.

/** The close code of a feed whose token no longer opens it: the listener must end its stream and not come back. */
export const accessEndedCode = 4401;

/** The close code of a feed whose listener did not keep up: it comes back and asks for what it missed. */
export const tooSlowCode = 4408;
