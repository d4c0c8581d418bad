/** The version of Redis whose words are spoken: clients choose by it what they may send. */
export const VERSION = '7.4.0';
