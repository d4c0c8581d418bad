const NUMBER = /^-?(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i;

/**
 * Whether a number of JSON is read as an integer and is none, as 1.00000000000000000001. Of what is an integer, one past
 * 2^53 is told when it is looked at.
 *
 * @param number as it is written
 */
export function isRounded(number: string): boolean {
  const [, whole = '', fraction = '', exponent = '0'] = NUMBER.exec(number) ?? [];
  const digits = whole + fraction;
  let last = digits.length - 1;
  while (digits[last] === '0') last -= 1;
  if (last === -1 || !Number.isInteger(Number(number))) return false;
  // Whether its last digit that is not 0 stands behind the point.
  return last >= whole.length + Number(exponent);
}
