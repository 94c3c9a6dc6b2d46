import java.io.FileReader;
import java.net.Socket;
import java.net.URL;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.Security;
import java.security.cert.X509Certificate;
import java.util.Collections;
import java.util.Set;

import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSocket;

import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.est.ESTService;
import org.bouncycastle.est.EnrollmentResponse;
import org.bouncycastle.est.jcajce.ChannelBindingProvider;
import org.bouncycastle.est.jcajce.JcaHttpAuthBuilder;
import org.bouncycastle.est.jcajce.JcaJceUtils;
import org.bouncycastle.est.jcajce.JsseESTServiceBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.jsse.BCSSLConnection;
import org.bouncycastle.jsse.BCSSLSocket;
import org.bouncycastle.jsse.provider.BouncyCastleJsseProvider;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequestBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;

/** Bouncy Castle's EST client: enroll with a CSR that is linked to the TLS connection by tls-unique, or one that is not.
 *  EstLinked CAFILE HOST:PORT LABEL USER PASSWORD NAME linked|plain; prints the subject of the certificate. */
public class EstLinked {
    static X509Certificate anchor(String path) throws Exception {
        try (PEMParser in = new PEMParser(new FileReader(path))) {
            X509CertificateHolder last = null;
            for (Object o = in.readObject(); o != null; o = in.readObject())
                last = (X509CertificateHolder)o;
            return new JcaX509CertificateConverter().getCertificate(last);
        }
    }

    public static void main(String[] args) throws Exception {
        Security.insertProviderAt(new BouncyCastleProvider(), 1);
        Security.insertProviderAt(new BouncyCastleJsseProvider(), 2);
        JsseESTServiceBuilder builder = new JsseESTServiceBuilder(args[1],
            JcaJceUtils.getCertPathTrustManager(Collections.singleton(new java.security.cert.TrustAnchor(anchor(args[0]), null)), null));
        builder.withLabel(args[2]);
        builder.withProvider("BCJSSE");
        builder.withTLSVersion("TLSv1.2");
        builder.withHostNameAuthorizer((name, session) -> true);
        builder.withChannelBindingProvider(new ChannelBindingProvider() {
            public boolean canAccessChannelBinding(Socket s) {
                return s instanceof BCSSLSocket;
            }

            public byte[] getChannelBinding(Socket s, String binding) {
                return ((BCSSLSocket)s).getConnection().getChannelBinding(binding);
            }
        });
        ESTService est = builder.build();
        KeyPairGenerator g = KeyPairGenerator.getInstance("EC", "BC");
        g.initialize(new java.security.spec.ECGenParameterSpec("P-256"));
        KeyPair pair = g.generateKeyPair();
        PKCS10CertificationRequestBuilder csr = new JcaPKCS10CertificationRequestBuilder(new X500Name("CN=" + args[5]), pair.getPublic());
        ExtensionsGenerator extensions = new ExtensionsGenerator();
        extensions.addExtension(Extension.subjectAlternativeName, false, new GeneralNames(new GeneralName(GeneralName.dNSName, args[5])));
        csr.addAttribute(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest, extensions.generate());
        ContentSigner signer = new JcaContentSignerBuilder("SHA256withECDSA").setProvider("BC").build(pair.getPrivate());
        org.bouncycastle.est.ESTAuth auth = new JcaHttpAuthBuilder("Gatehouse", args[3], args[4].toCharArray()).setProvider("BC").build();
        EnrollmentResponse answer = args[6].equals("linked") ? est.simpleEnrollPoP(false, csr, signer, auth)
                                                             : est.simpleEnroll(false, csr.build(signer), auth);
        System.out.println(((X509CertificateHolder)answer.getStore().getMatches(null).iterator().next()).getSubject());
    }
}
