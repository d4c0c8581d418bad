/** Arguments of a command, its name included: an MGET of a thousand names, and some more. */
export const MAX_ARGUMENTS = 1_024;

/** Bytes of an argument: a name or a key has 255, a secret 73. */
export const MAX_ARGUMENT_BYTES = 512;

/** What is announced beyond those is read past and refused, so that a client hears what is wrong; past this it is hung up on. */
export const MAX_ANNOUNCED_ARGUMENTS = 1024 * 1024;
export const MAX_ANNOUNCED_BYTES = 64 * 1024 * 1024;

/** Bytes of a line: of an inline command, or a length. */
export const MAX_LINE_BYTES = 4_096;
