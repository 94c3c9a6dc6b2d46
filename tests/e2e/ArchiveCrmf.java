/*
 * A client that enrolls with CRMF and archives its key: java ArchiveCrmf.java TRANSPORT.der DIR fills DIR, for a
 * transport certificate with an EC key.
 *
 *     ec.p8, rsa.p8              private keys
 *     ec.crmf, rsa.crmf          requests with pkiArchiveOptions
 *     other-key.crmf             ... whose key is not that of the request
 *     proof-by-key.crmf          ... without signature: the archived key is to be the proof (RFC 4211, 4.2)
 *     proof-verified.crmf        ... that says that somebody else has seen the proof
 *     altered.crmf               ... whose control is another one than was signed
 *     huge.crmf                  ... with more in it than the KRA takes
 */
import java.io.File;
import java.math.BigInteger;
import java.nio.file.Files;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Security;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import org.bouncycastle.asn1.*;
import org.bouncycastle.asn1.crmf.*;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.cert.crmf.*;
import org.bouncycastle.cert.crmf.jcajce.*;
import org.bouncycastle.cms.*;
import org.bouncycastle.cms.jcajce.*;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

public class ArchiveCrmf {
	static File dir;
	static X509Certificate transport;

	static void write(String name, byte[] content) throws Exception {
		Files.write(new File(dir, name).toPath(), content);
	}

	static PKIArchiveControl archive(KeyPair key) throws Exception {
		KeyPairGenerator g = KeyPairGenerator.getInstance("EC", "BC");
		g.initialize(((ECPublicKey)transport.getPublicKey()).getParams());
		KeyPair own = g.generateKeyPair();
		return new PKIArchiveControlBuilder(PrivateKeyInfo.getInstance(key.getPrivate().getEncoded()),
		    new GeneralName(new X500Name("CN=alice")))
		    .addRecipientGenerator(new JceKeyAgreeRecipientInfoGenerator(CMSAlgorithm.ECDH_SHA256KDF, own.getPrivate(),
		        own.getPublic(), CMSAlgorithm.AES256_WRAP).addRecipient(transport).setProvider("BC"))
		    .build(new JceCMSContentEncryptorBuilder(CMSAlgorithm.AES256_GCM).setProvider("BC").build());
	}

	static CertReqMsg ask(KeyPair key, KeyPair archived) throws Exception {
		JcaCertificateRequestMessageBuilder b = new JcaCertificateRequestMessageBuilder(BigInteger.ZERO);
		b.setPublicKey(key.getPublic()).setSubject(new X500Name("CN=alice"));
		if (archived != null)
			b.addControl(archive(archived));
		String alg = key.getPublic() instanceof ECPublicKey ? "SHA256withECDSA" : "SHA256withRSA";
		b.setProofOfPossessionSigningKeySigner(new JcaContentSignerBuilder(alg).build(key.getPrivate()));
		return b.build().toASN1Structure();
	}

	static void put(String name, CertReqMsg m) throws Exception {
		write(name + ".crmf", new CertReqMessages(m).getEncoded("DER"));
	}

	static CertReqMsg with(CertReqMsg m, Controls controls) {
		return new CertReqMsg(new CertRequest(0, m.getCertReq().getCertTemplate(), controls), m.getPop(), null);
	}

	static Controls options(ASN1Encodable value) {
		return new Controls(new AttributeTypeAndValue(CRMFObjectIdentifiers.id_regCtrl_pkiArchiveOptions, value));
	}

	public static void main(String[] args) throws Exception {
		Security.addProvider(new BouncyCastleProvider());
		transport = (X509Certificate)CertificateFactory.getInstance("X.509")
		    .generateCertificate(Files.newInputStream(new File(args[0]).toPath()));
		dir = new File(args[1]);
		KeyPairGenerator g = KeyPairGenerator.getInstance("EC", "BC");
		g.initialize(new ECGenParameterSpec("secp256r1"));
		KeyPair ec = g.generateKeyPair(), other = g.generateKeyPair();
		KeyPairGenerator r = KeyPairGenerator.getInstance("RSA", "BC");
		r.initialize(2048);
		KeyPair rsa = r.generateKeyPair();
		write("ec.p8", ec.getPrivate().getEncoded());
		write("rsa.p8", rsa.getPrivate().getEncoded());

		put("ec", ask(ec, ec));
		put("rsa", ask(rsa, rsa));
		put("other-key", ask(ec, other));
		CertReqMsg plain = ask(ec, ec);
		ASN1Encodable kept = archive(ec).getValue();
		put("proof-by-key", new CertReqMsg(plain.getCertReq(), new ProofOfPossession(ProofOfPossession.TYPE_KEY_ENCIPHERMENT,
		    POPOPrivKey.getInstance(new DERTaggedObject(false, POPOPrivKey.encryptedKey,
		        EncryptedKey.getInstance(((PKIArchiveOptions)kept).getValue()).getValue()))), null));
		put("proof-verified", new CertReqMsg(plain.getCertReq(), new ProofOfPossession(), null));
		put("altered", with(plain, options(archive(ec).getValue())));
		put("huge", with(plain, options(new PKIArchiveOptions(new DEROctetString(new byte[30000])))));
	}
}
