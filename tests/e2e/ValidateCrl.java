// A relying party: Java's PKIX validator with CRLs, and certificates of those who may have signed them, at hand.
//     java ValidateCrl.java ANCHOR.pem LEAF.pem CRL.pem [OTHER.pem...]
// Prints "valid", or "failed TEXT"; the exit status is 0 for both.
import java.io.FileInputStream;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertStore;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

public class ValidateCrl {
	public static void main(String[] args) throws Exception {
		CertificateFactory factory = CertificateFactory.getInstance("X.509");
		List<Object> store = new ArrayList<>();
		List<X509Certificate> certs = new ArrayList<>();
		for (int i = 0; i < args.length; i++)
			try (FileInputStream in = new FileInputStream(args[i])) {
				if (i == 2)
					store.add(factory.generateCRL(in));
				else
					certs.add((X509Certificate) factory.generateCertificate(in));
			}
		store.addAll(certs.subList(2, certs.size()));
		PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(certs.get(0), null)));
		parameters.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(store)));
		try {
			CertPathValidator.getInstance("PKIX").validate(
			    factory.generateCertPath(certs.subList(1, 2)), parameters);
			System.out.println("valid");
		} catch (CertPathValidatorException e) {
			System.out.println("failed " + e.getMessage());
		}
	}
}
