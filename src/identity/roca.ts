/** Small primes; a sound modulus passes for an affected one about once in 2^27 (CVE-2017-15361). */
const primes = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107,
  109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/**
 * Whether an RSA modulus was made by the library whose primes are powers of 65537 modulo small primes: such a key can be
 * factored. Affected moduli are powers of 65537 too, modulo each of them; others almost never are.
 */
export function isRocaModulus(modulus: bigint): boolean {
  return primes.every((prime) => powersOf65537(prime).has(Number(modulus % BigInt(prime))));
}

function powersOf65537(prime: number): ReadonlySet<number> {
  const powers = new Set<number>();
  for (let power = 1; !powers.has(power); power = (power * 65_537) % prime) powers.add(power);
  return powers;
}
