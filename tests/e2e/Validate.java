// A relying party: Java's PKIX validator (RFC 5280, 6) with revocation by CRL or OCSP, found through the URLs in the
// certificates.
//     java Validate.java crl|ocsp ANCHOR.pem LEAF.pem [ISSUER.pem...]
// Prints "valid", "revoked REASON", or "failed TEXT"; the exit status is 0 for each of the three.
import java.io.FileInputStream;
import java.security.cert.CertPath;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateRevokedException;
import java.security.cert.PKIXParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

public class Validate {
	static X509Certificate read(String file) throws Exception {
		try (FileInputStream in = new FileInputStream(file)) {
			return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
		}
	}

	static String explain(CertPathValidatorException e) {
		for (Throwable t = e; t != null; t = t.getCause())
			if (t instanceof CertificateRevokedException)
				return "revoked " + ((CertificateRevokedException) t).getRevocationReason();
		return "failed " + e.getMessage();
	}

	public static void main(String[] args) throws Exception {
		EnumSet<PKIXRevocationChecker.Option> options =
		    EnumSet.of(PKIXRevocationChecker.Option.NO_FALLBACK);
		if (args[0].equals("crl")) {
			System.setProperty("com.sun.security.enableCRLDP", "true");
			options.add(PKIXRevocationChecker.Option.PREFER_CRLS);
		}
		List<X509Certificate> certs = new ArrayList<>();
		for (int i = 2; i < args.length; i++)
			certs.add(read(args[i]));
		CertPath path = CertificateFactory.getInstance("X.509").generateCertPath(certs);
		CertPathValidator validator = CertPathValidator.getInstance("PKIX");
		PKIXRevocationChecker checker = (PKIXRevocationChecker) validator.getRevocationChecker();
		checker.setOptions(options);
		PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(read(args[1]), null)));
		parameters.addCertPathChecker(checker);
		try {
			validator.validate(path, parameters);
			System.out.println("valid");
		} catch (CertPathValidatorException e) {
			System.out.println(explain(e));
		}
	}
}
