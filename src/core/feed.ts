// What both ends of a team's feed agree on. Runs everywhere.

/** The close code of a feed whose token no longer opens it: the listener must end its stream and not come back. */
export const accessEndedCode = 4401;
