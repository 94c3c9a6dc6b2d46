// Full CMC as JSS (the library of Dogtag) writes and reads it.
//     java -cp JARS Jss.java make CSR.der NAME SECRET OUT.der    a PKIData with that PKCS#10, proven by a shared secret
//     java -cp JARS Jss.java revoke CERT.der NAME SECRET OUT.der a PKIData that revokes a certificate by its owner's secret
//     java -cp JARS Jss.java read RESPONSE.der...                PKIResponses in SignedData, encoded once more; prints a line for each control
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.security.MessageDigest;
import java.util.Arrays;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.mozilla.jss.asn1.ANY;
import org.mozilla.jss.asn1.ASN1Util;
import org.mozilla.jss.asn1.ASN1Value;
import org.mozilla.jss.asn1.INTEGER;
import org.mozilla.jss.asn1.OBJECT_IDENTIFIER;
import org.mozilla.jss.asn1.OCTET_STRING;
import org.mozilla.jss.asn1.SEQUENCE;
import org.mozilla.jss.asn1.UTF8String;
import org.mozilla.jss.pkcs10.CertificationRequest;
import org.mozilla.jss.pkix.cert.Certificate;
import org.mozilla.jss.pkix.cmc.CMCStatusInfo;
import org.mozilla.jss.pkix.cmc.CMCStatusInfoV2;
import org.mozilla.jss.pkix.cmc.IdentityProofV2;
import org.mozilla.jss.pkix.cmc.OtherInfo;
import org.mozilla.jss.pkix.cmc.PKIData;
import org.mozilla.jss.pkix.cmc.ResponseBody;
import org.mozilla.jss.pkix.cmc.RevokeRequest;
import org.mozilla.jss.pkix.cmc.TaggedAttribute;
import org.mozilla.jss.pkix.cmc.TaggedCertificationRequest;
import org.mozilla.jss.pkix.cmc.TaggedRequest;
import org.mozilla.jss.pkix.cms.ContentInfo;
import org.mozilla.jss.pkix.cms.SignedData;
import org.mozilla.jss.pkix.primitive.AlgorithmIdentifier;

public class Jss {
	static byte[] bytes(String file) throws Exception {
		return Files.readAllBytes(Paths.get(file));
	}

	static TaggedAttribute control(int id, OBJECT_IDENTIFIER type, ASN1Value value) {
		return new TaggedAttribute(new INTEGER(id), type, value);
	}

	static SEQUENCE sequence(ASN1Value... parts) {
		SEQUENCE s = new SEQUENCE();
		for (ASN1Value p : parts)
			s.addElement(p);
		return s;
	}

	static IdentityProofV2 proof(SEQUENCE requests, String name, String secret) throws Exception {
		Mac mac = Mac.getInstance("HmacSHA256");
		mac.init(new SecretKeySpec(MessageDigest.getInstance("SHA-256").digest((secret + name).getBytes("UTF-8")), "HmacSHA256"));
		return new IdentityProofV2(new AlgorithmIdentifier(new OBJECT_IDENTIFIER("2.16.840.1.101.3.4.2.1")),
		    new AlgorithmIdentifier(new OBJECT_IDENTIFIER("1.2.840.113549.2.9")),
		    new OCTET_STRING(mac.doFinal(ASN1Util.encode(requests))));
	}

	static PKIData make(byte[] csr, String name, String secret) throws Exception {
		TaggedCertificationRequest tagged = new TaggedCertificationRequest(new INTEGER(9),
		    (CertificationRequest) CertificationRequest.getTemplate().decode(new ByteArrayInputStream(csr)));
		SEQUENCE requests = sequence(new TaggedRequest(TaggedRequest.PKCS10, tagged, null));
		return new PKIData(sequence(
		    control(1, OBJECT_IDENTIFIER.id_cmc_transactionId, new INTEGER(4712)),
		    control(2, OBJECT_IDENTIFIER.id_cmc_senderNonce, new OCTET_STRING(MessageDigest.getInstance("SHA-256").digest(csr))),
		    control(3, OBJECT_IDENTIFIER.id_cmc_dataReturn, new OCTET_STRING(name.getBytes("UTF-8"))),
		    control(4, OBJECT_IDENTIFIER.id_cmc_identification, new UTF8String(name)),
		    control(5, OBJECT_IDENTIFIER.id_cmc_identityProofV2, proof(requests, name, secret))),
		    requests, new SEQUENCE(), new SEQUENCE());
	}

	static PKIData revoke(byte[] cert, String name, String secret) throws Exception {
		Certificate c = (Certificate) Certificate.getTemplate().decode(new ByteArrayInputStream(cert));
		RevokeRequest r = new RevokeRequest(new ANY(ASN1Util.encode(c.getInfo().getIssuer())), c.getInfo().getSerialNumber(),
		    RevokeRequest.superseded, new OCTET_STRING(secret.getBytes("UTF-8")), new UTF8String("by JSS"));
		return new PKIData(sequence(control(1, OBJECT_IDENTIFIER.id_cmc_identification, new UTF8String(name)),
		    control(2, OBJECT_IDENTIFIER.id_cmc_revokeRequest, r)), new SEQUENCE(), new SEQUENCE(), new SEQUENCE());
	}

	static String other(OtherInfo o) {
		if (o == null)
			return "";
		return o.getType() == OtherInfo.FAIL ? " fail " + o.getFailInfo()
		    : o.getType() == OtherInfo.PEND ? " pending " + o.getPendInfo().getPendToken().toByteArray().length : " extended";
	}

	static byte[] value(TaggedAttribute a) throws Exception {
		return ASN1Util.encode(a.getValues().elementAt(0));
	}

	static void show(TaggedAttribute a) throws Exception {
		if (a.getType().equals(OBJECT_IDENTIFIER.id_cmc_statusInfoV2)) {
			CMCStatusInfoV2 s = (CMCStatusInfoV2) ASN1Util.decode(CMCStatusInfoV2.getTemplate(), value(a));
			System.out.println("status " + s.getStatus() + " of " + s.getBodyList().size() + other(s.getOtherInfo()));
		} else if (a.getType().equals(OBJECT_IDENTIFIER.id_cmc_cMCStatusInfo)) {
			CMCStatusInfo s = (CMCStatusInfo) ASN1Util.decode(CMCStatusInfo.getTemplate(), value(a));
			System.out.println("first status " + s.getStatus() + " of " + s.getBodyList().size() + other(s.getOtherInfo()));
		} else if (a.getType().equals(OBJECT_IDENTIFIER.id_cmc_transactionId)) {
			System.out.println("transaction " + ASN1Util.decode(INTEGER.getTemplate(), value(a)));
		} else
			System.out.println(a.getType() + " " + value(a).length);
	}

	static void read(byte[] der) throws Exception {
		ContentInfo info = (ContentInfo) ASN1Util.decode(ContentInfo.getTemplate(), der);
		SignedData signed = (SignedData) info.getInterpretedContent();
		byte[] content = signed.getContentInfo().getContent().toByteArray();
		ResponseBody body = (ResponseBody) ASN1Util.decode(ResponseBody.getTemplate(), content);
		System.out.println("type " + signed.getContentInfo().getContentType() + " signers " + signed.getSignerInfos().size() +
		    " certificates " + (signed.hasCertificates() ? signed.getCertificates().size() : 0) + " same " +
		    Arrays.equals(ASN1Util.encode(body), content));
		for (int i = 0; i < body.getControlSequence().size(); i++)
			show((TaggedAttribute) body.getControlSequence().elementAt(i));
	}

	static void write(String file, PKIData data) throws Exception {
		ByteArrayOutputStream out = new ByteArrayOutputStream();
		data.encode(out);
		Files.write(Paths.get(file), out.toByteArray());
	}

	public static void main(String[] args) throws Exception {
		if (args[0].equals("make"))
			write(args[4], make(bytes(args[1]), args[2], args[3]));
		else if (args[0].equals("revoke"))
			write(args[4], revoke(bytes(args[1]), args[2], args[3]));
		else
			for (int i = 1; i < args.length; i++)
				read(bytes(args[i]));
	}
}
