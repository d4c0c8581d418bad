/** OpenSSL's names for what it holds against a certificate, and Node's for one of another host. */
const CERTIFICATE_FAULT =
  /^(CERT_|CRL_|UNABLE_TO_|SELF_SIGNED_CERT|DEPTH_ZERO_|INVALID_(CA|PURPOSE)|PATH_LENGTH_|HOSTNAME_MISMATCH|ERR_TLS_CERT_)/;

/**
 * What is wrong with the certificate of a server that was refused for it, and what to do about it; null where an error
 * says nothing of the kind. Trying again does not help, unlike with a server that is away.
 */
export function certificateFault(error: object): string | null {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  if (typeof code !== 'string' || !CERTIFICATE_FAULT.test(code)) return null;
  return `its certificate is refused (${String(message)}); NODE_EXTRA_CA_CERTS names the file of a private authority`;
}
