/*
 * What Bouncy Castle makes of RFC 4211, for test_archive_options and test_crmf: java MakeCrmf.java DIR fills
 * DIR.
 *
 *     TRANSPORT.p8         a transport key: rsa, p256, p384
 *     key.p8, key.spki     the key that is archived
 *     VERDICT-TRANSPORT-NAME.options
 *
 * VERDICT: good is opened; legacy only where the old algorithms are allowed; bad never.
 *
 *     VERDICT-NAME.crmf    CertReqMessages: good, or what refuses them: csr, weak, signature
 */
import java.io.File;
import java.math.BigInteger;
import java.nio.file.Files;
import java.security.AlgorithmParameters;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Security;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.MGF1ParameterSpec;
import java.util.Date;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.asn1.*;
import org.bouncycastle.asn1.cms.Attribute;
import org.bouncycastle.asn1.cms.AttributeTable;
import org.bouncycastle.asn1.cms.CMSAttributes;
import org.bouncycastle.asn1.cms.EnvelopedData;
import org.bouncycastle.asn1.crmf.*;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.cert.crmf.*;
import org.bouncycastle.cert.crmf.jcajce.*;
import org.bouncycastle.cert.jcajce.*;
import org.bouncycastle.cms.*;
import org.bouncycastle.cms.jcajce.*;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.OutputAEADEncryptor;
import org.bouncycastle.operator.jcajce.*;

@SuppressWarnings("deprecation")
public class MakeCrmf {
	static File dir;
	static KeyPair rsa, p256, p384, key;
	static PrivateKeyInfo secret;

	static void write(String name, byte[] content) throws Exception {
		Files.write(new File(dir, name).toPath(), content);
	}

	static void put(String name, ASN1Encodable options) throws Exception {
		write(name + ".options", options.toASN1Primitive().getEncoded());
	}

	static KeyPair make(String alg, String curve) throws Exception {
		KeyPairGenerator g = KeyPairGenerator.getInstance(alg, "BC");
		if (curve == null)
			g.initialize(2048);
		else
			g.initialize(new ECGenParameterSpec(curve));
		return g.generateKeyPair();
	}

	static KeyPair transport(String name, String alg, String curve) throws Exception {
		KeyPair pair = make(alg, curve);
		write(name + ".p8", pair.getPrivate().getEncoded());
		return pair;
	}

	static X509Certificate certify(KeyPair pair) throws Exception {
		X500Name name = new X500Name("CN=transport");
		Date now = new Date();
		String alg = pair == rsa ? "SHA256withRSA" : "SHA256withECDSA";
		return new JcaX509CertificateConverter().getCertificate(new JcaX509v3CertificateBuilder(name,
		    BigInteger.ONE, now, new Date(now.getTime() + 86400000L), name, pair.getPublic())
		    .build(new JcaContentSignerBuilder(alg).build(pair.getPrivate())));
	}

	static OAEPParameterSpec spec(String hash) {
		return new OAEPParameterSpec(hash, "MGF1", new MGF1ParameterSpec(hash), PSource.PSpecified.DEFAULT);
	}

	static RecipientInfoGenerator oaep(String hash) throws Exception {
		return new JceKeyTransRecipientInfoGenerator(certify(rsa), new JcaAlgorithmParametersConverter()
		    .getAlgorithmIdentifier(org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers.id_RSAES_OAEP, spec(hash)))
		    .setProvider("BC");
	}

	static RecipientInfoGenerator v15() throws Exception {
		return new JceKeyTransRecipientInfoGenerator(certify(rsa)).setProvider("BC");
	}

	static RecipientInfoGenerator agree(KeyPair to, String curve, ASN1ObjectIdentifier scheme,
	    ASN1ObjectIdentifier wrap) throws Exception {
		KeyPair own = make("EC", curve);
		return new JceKeyAgreeRecipientInfoGenerator(scheme, own.getPrivate(), own.getPublic(), wrap)
		    .addRecipient(certify(to)).setProvider("BC");
	}

	/* As a client of Bouncy Castle makes it. */
	static void enveloped(String name, ASN1ObjectIdentifier content, RecipientInfoGenerator... to) throws Exception {
		PKIArchiveControlBuilder b = new PKIArchiveControlBuilder(secret, new GeneralName(new X500Name("CN=alice")));
		for (RecipientInfoGenerator g : to)
			b.addRecipientGenerator(g);
		put(name, b.build(new JceCMSContentEncryptorBuilder(content).setProvider("BC").build()).getValue());
	}

	static CMSProcessableByteArray withId() throws Exception {
		return new CMSProcessableByteArray(CRMFObjectIdentifiers.id_ct_encKeyWithID,
		    new EncKeyWithID(secret).getEncoded());
	}

	static ASN1Encodable choice(ASN1Encodable data) {
		return new DERTaggedObject(true, 0, new DERTaggedObject(false, 0, data));
	}

	static CMSEnvelopedData cms(CMSTypedData content) throws Exception {
		CMSEnvelopedDataGenerator g = new CMSEnvelopedDataGenerator();
		g.addRecipientInfoGenerator(oaep("SHA-256"));
		return g.generate(content, new JceCMSContentEncryptorBuilder(CMSAlgorithm.AES256_GCM).setProvider("BC").build());
	}

	/* Indefinite lengths all the way, the ciphertext in pieces. */
	static void ber() throws Exception {
		EnvelopedData d = EnvelopedData.getInstance(cms(withId()).toASN1Structure().getContent());
		byte[] raw = new BERTaggedObject(true, 0, new BERTaggedObject(false, 0, d)).getEncoded("BER");
		write("good-rsa-ber.options", raw);
		if (raw[1] != (byte)0x80)
			throw new Exception("not BER");
	}

	static void auth(boolean hasAttributes) throws Exception {
		CMSAuthEnvelopedDataGenerator g = new CMSAuthEnvelopedDataGenerator();
		g.addRecipientInfoGenerator(oaep("SHA-256"));
		if (hasAttributes)
			g.setAuthenticatedAttributeGenerator(new SimpleAttributeTableGenerator(new AttributeTable(
			    new Attribute(CMSAttributes.contentType, new DERSet(CRMFObjectIdentifiers.id_ct_encKeyWithID)))));
		OutputAEADEncryptor e = (OutputAEADEncryptor)new JceCMSContentEncryptorBuilder(CMSAlgorithm.AES256_GCM)
		    .setProvider("BC").build();
		CMSTypedData content = hasAttributes ? withId() : new CMSProcessableByteArray(secret.getEncoded());
		put("good-rsa-auth" + (hasAttributes ? "-attributes" : ""),
		    choice(g.generate(content, e).toASN1Structure().getContent()));
	}

	static void value(String name, ASN1ObjectIdentifier content, String hash) throws Exception {
		JceAsymmetricKeyWrapper w = hash != null ? new JceAsymmetricKeyWrapper(spec(hash), rsa.getPublic())
		    : new JceAsymmetricKeyWrapper(rsa.getPublic());
		EncryptedValue v = new EncryptedValueBuilder(w.setProvider("BC"),
		    new JceCRMFEncryptorBuilder(content).setProvider("BC").build()).build(secret);
		put(name, new PKIArchiveOptions(new EncryptedKey(v)));
	}

	/* symmAlg, encSymmKey, encValue and nothing else: Dogtag's clients. */
	static void dogtag(String name, boolean isWrap, boolean isOaep) throws Exception {
		byte[] k = new byte[16], iv = new byte[16];
		new SecureRandom().nextBytes(k);
		new SecureRandom().nextBytes(iv);
		Cipher c = Cipher.getInstance(isWrap ? "AESRFC5649WRAP" : "AES/CBC/PKCS5Padding", "BC");
		if (isWrap)
			c.init(Cipher.WRAP_MODE, new SecretKeySpec(k, "AES"));
		else
			c.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(k, "AES"), new IvParameterSpec(iv));
		byte[] sealed = isWrap ? c.wrap(key.getPrivate()) : c.doFinal(secret.getEncoded());
		Cipher r = Cipher.getInstance(isOaep ? "RSA/NONE/OAEPWithSHA256AndMGF1Padding" : "RSA/NONE/PKCS1Padding", "BC");
		if (isOaep)
			r.init(Cipher.ENCRYPT_MODE, rsa.getPublic(), spec("SHA-256"));
		else
			r.init(Cipher.ENCRYPT_MODE, rsa.getPublic());
		AlgorithmIdentifier alg = new AlgorithmIdentifier(isWrap ? NISTObjectIdentifiers.id_aes128_wrap_pad
		    : NISTObjectIdentifiers.id_aes128_CBC, new DEROctetString(iv));
		put(name, new PKIArchiveOptions(new EncryptedKey(new EncryptedValue(null, alg,
		    new DERBitString(r.doFinal(k)), null, null, new DERBitString(sealed)))));
	}

	/* --- requests ---------------------------------------------------------------------------- */

	static ContentSigner signer(KeyPair pair, String hash) throws Exception {
		String alg = pair.getPrivate().getAlgorithm().equals("RSA") ? "RSA" : "ECDSA";
		return new JcaContentSignerBuilder(hash + "with" + alg).build(pair.getPrivate());
	}

	static JcaCertificateRequestMessageBuilder ask(KeyPair pair) throws Exception {
		JcaCertificateRequestMessageBuilder b = new JcaCertificateRequestMessageBuilder(BigInteger.ZERO);
		b.setPublicKey(pair.getPublic()).setSubject(new X500Name("CN=alice,O=Corp"));
		return b;
	}

	static CertReqMsg sign(JcaCertificateRequestMessageBuilder b, KeyPair pair) throws Exception {
		b.setProofOfPossessionSigningKeySigner(signer(pair, "SHA256"));
		return b.build().toASN1Structure();
	}

	static void request(String name, CertReqMsg... messages) throws Exception {
		write(name + ".crmf", new CertReqMessages(messages).getEncoded("DER"));
	}

	static PKIArchiveControl archiveControl() throws Exception {
		return new PKIArchiveControlBuilder(secret, new GeneralName(new X500Name("CN=alice")))
		    .addRecipientGenerator(oaep("SHA-256"))
		    .build(new JceCMSContentEncryptorBuilder(CMSAlgorithm.AES256_GCM).setProvider("BC").build());
	}

	static CertReqMsg with(CertReqMsg m, ProofOfPossession popo) {
		return new CertReqMsg(m.getCertReq(), popo, null);
	}

	static CertReqMsg control(CertReqMsg m, AttributeTypeAndValue... all) throws Exception {
		CertRequest r = new CertRequest(0, m.getCertReq().getCertTemplate(), new Controls(all));
		java.security.Signature s = java.security.Signature.getInstance("SHA256withECDSA");
		s.initSign(key.getPrivate());
		s.update(r.getEncoded("DER"));
		return new CertReqMsg(r, new ProofOfPossession(new POPOSigningKey(null,
		    new AlgorithmIdentifier(X9ObjectIdentifiers.ecdsa_with_SHA256), new DERBitString(s.sign()))), null);
	}

	static void requests() throws Exception {
		KeyPairGenerator small = KeyPairGenerator.getInstance("RSA", "BC");
		small.initialize(1024);
		KeyPair weak = small.generateKeyPair();
		CertReqMsg plain = sign(ask(key), key);
		AttributeTypeAndValue options = new AttributeTypeAndValue(CRMFObjectIdentifiers.id_regCtrl_pkiArchiveOptions,
		    archiveControl().getValue());

		request("good-plain", plain);
		request("good-rsa", sign(ask(rsa), rsa));
		JcaCertificateRequestMessageBuilder b = ask(key);
		b.addExtension(Extension.subjectAlternativeName, false, new GeneralNames(
		    new GeneralName(GeneralName.dNSName, "a.example")));
		b.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyEncipherment));
		request("good-extensions", sign(b, key));
		b = (JcaCertificateRequestMessageBuilder)ask(key).setSubject(new X500Name("CN=crmf.example.test"));
		b.addExtension(Extension.subjectAlternativeName, false, new GeneralNames(
		    new GeneralName(GeneralName.dNSName, "crmf.example.test")));
		request("good-web", sign(b, key));
		b = ask(key);
		b.addControl(archiveControl());
		request("good-archive", sign(b, key));
		b = ask(key);
		b.addControl(new RegTokenControl("token")).addControl(new AuthenticatorControl("mother"));
		b.setIssuer(new X500Name("CN=CA")).setValidity(new Date(0), new Date(4102444800000L));
		request("good-ignored", sign(b, key));
		CertReqMsg empty = sign((JcaCertificateRequestMessageBuilder)ask(key).setSubject(new X500Name(new RDN[0])), key);
		request("good-empty-subject", empty);
		write("good-ber.crmf", new BERSequence(new BERSequence(new ASN1Encodable[] {plain.getCertReq(), plain.getPop()}))
		    .getEncoded("BER"));

		request("csr-two", plain, plain);
		request("csr-none");
		b = new JcaCertificateRequestMessageBuilder(BigInteger.ZERO);
		b.setPublicKey(key.getPublic());
		b.setAuthInfoSender(new GeneralName(new X500Name("CN=alice")));
		request("csr-no-subject", sign(b, key));
		b = ask(key);
		b.setSerialNumber(BigInteger.TEN);
		request("csr-serial", sign(b, key));
		request("csr-unknown-control", control(plain, new AttributeTypeAndValue(
		    new ASN1ObjectIdentifier("1.3.6.1.5.5.7.5.1.7"), new DERUTF8String("x"))));
		request("csr-archive-twice", control(plain, options, options));
		request("csr-no-controls", control(plain));
		POPOSigningKey signed = POPOSigningKey.getInstance(plain.getPop().getObject());
		request("csr-popo-input", with(plain, new ProofOfPossession(new POPOSigningKey(new POPOSigningKeyInput(
		    new GeneralName(new X500Name("CN=alice")), plain.getCertReq().getCertTemplate().getPublicKey()),
		    signed.getAlgorithmIdentifier(), signed.getSignature()))));

		request("signature-other-key", sign(ask(key), p256));
		request("signature-other-subject", with(empty, plain.getPop()));
		request("signature-none", with(plain, null));
		request("signature-ra", with(plain, new ProofOfPossession()));
		request("signature-encipherment", with(plain, new ProofOfPossession(
		    ProofOfPossession.TYPE_KEY_ENCIPHERMENT, new POPOPrivKey(SubsequentMessage.encrCert))));
		request("signature-challenge", with(plain, new ProofOfPossession(
		    ProofOfPossession.TYPE_KEY_AGREEMENT, new POPOPrivKey(SubsequentMessage.challengeResp))));

		request("weak-rsa1024", sign(ask(weak), weak));
		b = ask(rsa);
		b.setProofOfPossessionSigningKeySigner(signer(rsa, "SHA1"));
		request("weak-sha1", b.build().toASN1Structure());
	}

	public static void main(String[] args) throws Exception {
		Security.addProvider(new BouncyCastleProvider());
		dir = new File(args[0]);
		rsa = transport("rsa", "RSA", null);
		p256 = transport("p256", "EC", "secp256r1");
		p384 = transport("p384", "EC", "secp384r1");
		key = make("EC", "secp256r1");
		secret = PrivateKeyInfo.getInstance(key.getPrivate().getEncoded());
		write("key.p8", secret.getEncoded());
		write("key.spki", key.getPublic().getEncoded());

		enveloped("good-rsa-gcm", CMSAlgorithm.AES256_GCM, oaep("SHA-256"));
		enveloped("good-rsa-gcm128", CMSAlgorithm.AES128_GCM, oaep("SHA-256"));
		enveloped("good-p256-gcm", CMSAlgorithm.AES256_GCM,
		    agree(p256, "secp256r1", CMSAlgorithm.ECDH_SHA256KDF, CMSAlgorithm.AES256_WRAP));
		enveloped("good-p384-gcm", CMSAlgorithm.AES256_GCM,
		    agree(p384, "secp384r1", CMSAlgorithm.ECDH_SHA256KDF, CMSAlgorithm.AES128_WRAP));
		put("good-rsa-data", choice(cms(new CMSProcessableByteArray(secret.getEncoded())).toASN1Structure().getContent()));
		ber();
		auth(false);
		auth(true);
		dogtag("good-rsa-dogtag-kwp", true, true);

		enveloped("legacy-rsa-cbc", CMSAlgorithm.AES256_CBC, oaep("SHA-256"));
		enveloped("legacy-rsa-v15", CMSAlgorithm.AES256_GCM, v15());
		enveloped("legacy-rsa-v15-cbc", CMSAlgorithm.AES128_CBC, v15());
		enveloped("legacy-p256-cbc", CMSAlgorithm.AES256_CBC,
		    agree(p256, "secp256r1", CMSAlgorithm.ECDH_SHA256KDF, CMSAlgorithm.AES256_WRAP));
		value("legacy-rsa-value", CMSAlgorithm.AES128_CBC, "SHA-256");
		value("legacy-rsa-value-v15", CMSAlgorithm.AES256_CBC, null);
		dogtag("legacy-rsa-dogtag-v15", true, false);
		dogtag("legacy-rsa-dogtag-cbc", false, true);
		dogtag("legacy-rsa-dogtag-cbc-v15", false, false);

		enveloped("bad-rsa-oaep-sha1", CMSAlgorithm.AES256_GCM, oaep("SHA-1"));
		enveloped("bad-rsa-des", CMSAlgorithm.DES_EDE3_CBC, oaep("SHA-256"));
		enveloped("bad-rsa-aes192", CMSAlgorithm.AES192_CBC, oaep("SHA-256"));
		enveloped("bad-rsa-two", CMSAlgorithm.AES256_GCM, oaep("SHA-256"), oaep("SHA-256"));
		enveloped("bad-rsa-ec", CMSAlgorithm.AES256_GCM,
		    agree(p256, "secp256r1", CMSAlgorithm.ECDH_SHA256KDF, CMSAlgorithm.AES256_WRAP));
		enveloped("bad-p256-rsa", CMSAlgorithm.AES256_GCM, oaep("SHA-256"));
		enveloped("bad-p384-curve", CMSAlgorithm.AES256_GCM,
		    agree(p256, "secp256r1", CMSAlgorithm.ECDH_SHA256KDF, CMSAlgorithm.AES256_WRAP));
		enveloped("bad-p256-sha1kdf", CMSAlgorithm.AES256_GCM,
		    agree(p256, "secp256r1", CMSAlgorithm.ECDH_SHA1KDF, CMSAlgorithm.AES256_WRAP));
		enveloped("bad-rsa-password", CMSAlgorithm.AES256_GCM,
		    new JcePasswordRecipientInfoGenerator(CMSAlgorithm.AES256_CBC, "secret".toCharArray()).setProvider("BC"));
		value("bad-rsa-value-sha1", CMSAlgorithm.AES128_CBC, "SHA-1");
		put("bad-rsa-generate", new PKIArchiveOptions(new DEROctetString(new byte[] {1, 2, 3})));
		put("bad-rsa-remote", new PKIArchiveOptions(true));

		requests();
	}
}
