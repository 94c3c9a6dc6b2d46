#!/bin/bash
# A client as administrators write them: bash, openssl, curl and sed. Its body is a here-document with the
# base64 of the CSR pasted in, line ends and all; the answer is cut out with sed.
#	script_client.sh DIR WRAP	WRAP: columns of base64, 0 = one line
# Reads GATEHOUSE_* from the environment; leaves key.pem, answer.json, chain.p7b in DIR.
set -euo pipefail

dir=$1 wrap=$2
cat >"$dir/req.cnf" <<-END
	[req]
	prompt = no
	distinguished_name = dn
	req_extensions = ext
	[dn]
	CN = a name that the client made up
	[ext]
	subjectAltName = otherName:1.3.6.1.4.1.55555.7.1;UTF8:serial-4711,otherName:1.3.6.1.4.1.55555.7.2;UTF8:desk
END
openssl req -new -newkey rsa:2048 -nodes -sha256 -config "$dir/req.cnf" -keyout "$dir/key.pem" \
    -outform DER -out "$dir/req.der" 2>/dev/null
csr=$(base64 -w "$wrap" "$dir/req.der")
timestamp=$(date -u +%Y-%m-%dT%H:%M:%S.000000)

read -r -d '' body <<END || true
{
    "timestamp": "$timestamp",
    "request": {
        "Flags": 0,
        "TemplateName": "$GATEHOUSE_TEMPLATE",
        "Pkcs10Request": "$csr"
    }
}
END
signature=$(printf '%s' "$body" | openssl dgst -sha1 -hmac "$GATEHOUSE_APP_SECRET" -binary | base64)

curl --silent --show-error --fail --noproxy '*' --cacert "$GATEHOUSE_CAFILE" \
    --user "$GATEHOUSE_USER:$GATEHOUSE_PASSWORD" \
    --header "Content-Type: application/json" \
    --header "Content-Length: $(printf '%s' "$body" | wc -c)" \
    --header "X-CSS-CMS-AppKey: $GATEHOUSE_APP_KEY" \
    --header "X-CSS-CMS-Signature: $signature" \
    --data-binary "$body" \
    "$GATEHOUSE_URL/CMSApi/CertEnroll/3/Pkcs10" >"$dir/answer.json"

certificates=$(sed -e 's/.*"Certificates":"\([^"]*\)".*/\1/' -e 's/\\r\\n/\n/g' "$dir/answer.json")
printf '%s' "$certificates" | base64 -d >"$dir/chain.p7b"
