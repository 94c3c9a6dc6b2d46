// Full CMC as Bouncy Castle writes and reads it.
//     java -cp JARS Cmc.java make KEY.pem KEYID OUT.der    a CRMF with proof of possession in PKIData, signed by its key (named by
//                                                          KEYID, hex), in BER of indefinite length
//     java -cp JARS Cmc.java pop KEY.pem RESPONSE.der      answers encryptedPOP: prints the request and a decryptedPOP for it, hex
//     java -cp JARS Cmc.java read RESPONSE.der             verifies the signature of a PKIResponse; prints a line for each control
import java.io.FileReader;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.security.KeyPair;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.DERSet;
import org.bouncycastle.asn1.cmc.BodyPartID;
import org.bouncycastle.asn1.cmc.CMCObjectIdentifiers;
import org.bouncycastle.asn1.cmc.CMCStatusInfoV2;
import org.bouncycastle.asn1.cmc.DecryptedPOP;
import org.bouncycastle.asn1.cmc.EncryptedPOP;
import org.bouncycastle.asn1.cmc.OtherMsg;
import org.bouncycastle.asn1.cmc.PKIData;
import org.bouncycastle.asn1.cmc.PKIResponse;
import org.bouncycastle.asn1.cmc.TaggedAttribute;
import org.bouncycastle.asn1.cmc.TaggedContentInfo;
import org.bouncycastle.asn1.cmc.TaggedRequest;
import org.bouncycastle.asn1.crmf.CertReqMsg;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.crmf.jcajce.JcaCertificateRequestMessageBuilder;
import org.bouncycastle.cms.CMSEnvelopedData;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.CMSSignedDataGenerator;
import org.bouncycastle.cms.RecipientInformation;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JceKeyTransEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JcaSignerInfoGeneratorBuilder;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.bouncycastle.util.encoders.Hex;

public class Cmc {
	static final ASN1ObjectIdentifier PKI_DATA = new ASN1ObjectIdentifier("1.3.6.1.5.5.7.12.2");

	static KeyPair key(String file) throws Exception {
		java.security.PrivateKey priv = null;
		try (PEMParser in = new PEMParser(new FileReader(file))) {
			for (Object o = in.readObject(); o != null; o = in.readObject()) {
				JcaPEMKeyConverter c = new JcaPEMKeyConverter();
				if (o instanceof PEMKeyPair)
					return c.getKeyPair((PEMKeyPair) o);
				if (o instanceof PrivateKeyInfo)
					priv = c.getPrivateKey((PrivateKeyInfo) o);
			}
		}
		org.bouncycastle.jce.interfaces.ECPrivateKey ec = (org.bouncycastle.jce.interfaces.ECPrivateKey)
		    java.security.KeyFactory.getInstance("EC", "BC").translateKey(priv);
		org.bouncycastle.jce.spec.ECPublicKeySpec spec = new org.bouncycastle.jce.spec.ECPublicKeySpec(
		    ec.getParameters().getG().multiply(ec.getD()), ec.getParameters());
		return new KeyPair(java.security.KeyFactory.getInstance("EC", "BC").generatePublic(spec), ec);
	}

	static TaggedAttribute control(int id, ASN1ObjectIdentifier type, ASN1Encodable value) {
		return new TaggedAttribute(new BodyPartID(id), type, new DERSet(value));
	}

	static byte[] make(KeyPair pair, byte[] id) throws Exception {
		ContentSigner signer = new JcaContentSignerBuilder("SHA256withECDSA").build(pair.getPrivate());
		CertReqMsg crmf = new JcaCertificateRequestMessageBuilder(BigInteger.valueOf(3))
		    .setSubject(new X500Name("CN=by Bouncy Castle"))
		    .setPublicKey(SubjectPublicKeyInfo.getInstance(pair.getPublic().getEncoded()))
		    .addExtension(Extension.subjectKeyIdentifier, false, new DEROctetString(id))
		    .setProofOfPossessionSigningKeySigner(signer).build().toASN1Structure();
		PKIData data = new PKIData(new TaggedAttribute[] {
		    control(1, CMCObjectIdentifiers.id_cmc_transactionId, new ASN1Integer(4711)),
		    control(2, CMCObjectIdentifiers.id_cmc_senderNonce, new DEROctetString(id))},
		    new TaggedRequest[] {new TaggedRequest(crmf)}, new TaggedContentInfo[0], new OtherMsg[0]);
		CMSSignedDataGenerator g = new CMSSignedDataGenerator();
		g.addSignerInfoGenerator(new JcaSignerInfoGeneratorBuilder(new JcaDigestCalculatorProviderBuilder().build()).build(signer, id));
		return g.generate(new CMSProcessableByteArray(PKI_DATA, data.getEncoded("DER")), true).getEncoded("BER");
	}

	static void read(byte[] der) throws Exception {
		CMSSignedData signed = new CMSSignedData(der);
		for (SignerInformation s : signed.getSignerInfos())
			for (Object c : signed.getCertificates().getMatches(s.getSID()))
				System.out.println("signature " + s.verify(
				    new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC").build((X509CertificateHolder) c)));
		PKIResponse response = PKIResponse.getInstance(signed.getSignedContent().getContent());
		for (ASN1Encodable e : response.getControlSequence()) {
			TaggedAttribute a = TaggedAttribute.getInstance(e);
			if (!a.getAttrType().equals(CMCObjectIdentifiers.id_cmc_statusInfoV2)) {
				System.out.println(a.getAttrType() + " " + a.getAttrValues().getObjectAt(0));
				continue;
			}
			CMCStatusInfoV2 s = CMCStatusInfoV2.getInstance(a.getAttrValues().getObjectAt(0));
			System.out.println("status " + ASN1Integer.getInstance(s.getcMCStatus().toASN1Primitive()) + " of " + s.getBodyList()[0] +
			    (s.hasOtherInfo() ? " info " + s.getOtherStatusInfo().toASN1Primitive() : ""));
		}
	}

	static void pop(String file, byte[] der) throws Exception {
		PrivateKeyInfo key;
		try (PEMParser in = new PEMParser(new FileReader(file))) {
			Object o = in.readObject();
			key = o instanceof PEMKeyPair ? ((PEMKeyPair) o).getPrivateKeyInfo() : (PrivateKeyInfo) o;
		}
		PKIResponse response = PKIResponse.getInstance(new CMSSignedData(der).getSignedContent().getContent());
		for (ASN1Encodable e : response.getControlSequence()) {
			TaggedAttribute a = TaggedAttribute.getInstance(e);
			if (!a.getAttrType().equals(CMCObjectIdentifiers.id_cmc_encryptedPOP))
				continue;
			EncryptedPOP p = EncryptedPOP.getInstance(a.getAttrValues().getObjectAt(0));
			RecipientInformation r = new CMSEnvelopedData(p.getCms()).getRecipientInfos().getRecipients().iterator().next();
			byte[] value = r.getContent(new JceKeyTransEnvelopedRecipient(new JcaPEMKeyConverter().getPrivateKey(key)).setProvider("BC"));
			byte[] sum = java.security.MessageDigest.getInstance(p.getWitnessAlgID().getAlgorithm().getId(), "BC").digest(value);
			if (!java.util.Arrays.equals(sum, p.getWitness()))
				throw new Exception("witness");
			javax.crypto.Mac mac = javax.crypto.Mac.getInstance(p.getThePOPAlgID().getAlgorithm().getId(), "BC");
			mac.init(new javax.crypto.spec.SecretKeySpec(value, "HMAC"));
			byte[] request = p.getRequest().getEncoded("DER");
			DecryptedPOP d = new DecryptedPOP(new BodyPartID(1), p.getThePOPAlgID(), mac.doFinal(request));
			System.out.println(Hex.toHexString(request));
			System.out.println(Hex.toHexString(d.getEncoded("DER")));
		}
	}

	public static void main(String[] args) throws Exception {
		java.security.Security.addProvider(new BouncyCastleProvider());
		if (args[0].equals("make"))
			Files.write(Paths.get(args[3]), make(key(args[1]), Hex.decode(args[2])));
		else if (args[0].equals("pop"))
			pop(args[1], Files.readAllBytes(Paths.get(args[2])));
		else
			read(Files.readAllBytes(Paths.get(args[1])));
	}
}
