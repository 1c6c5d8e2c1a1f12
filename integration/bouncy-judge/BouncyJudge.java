import java.io.BufferedReader;
import java.io.FileReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.AlgorithmParameters;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Map;
import javax.crypto.Cipher;
import javax.crypto.CipherInputStream;
import javax.crypto.KeyAgreement;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.cms.CMSObjectIdentifiers;
import org.bouncycastle.asn1.cms.ContentInfo;
import org.bouncycastle.asn1.cms.IssuerAndSerialNumber;
import org.bouncycastle.asn1.cms.KeyAgreeRecipientIdentifier;
import org.bouncycastle.asn1.cms.RecipientEncryptedKey;
import org.bouncycastle.asn1.cms.ecc.ECCCMSSharedInfo;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cms.CMSAlgorithm;
import org.bouncycastle.cms.CMSAuthEnvelopedData;
import org.bouncycastle.cms.CMSAuthEnvelopedDataGenerator;
import org.bouncycastle.cms.CMSEnvelopedData;
import org.bouncycastle.cms.CMSEnvelopedDataGenerator;
import org.bouncycastle.cms.CMSException;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.KeyAgreeRecipient;
import org.bouncycastle.cms.KeyAgreeRecipientInfoGenerator;
import org.bouncycastle.cms.Recipient;
import org.bouncycastle.cms.RecipientId;
import org.bouncycastle.cms.RecipientInfoGenerator;
import org.bouncycastle.cms.RecipientInformationStore;
import org.bouncycastle.cms.RecipientOperator;
import org.bouncycastle.cms.jcajce.JceCMSContentEncryptorBuilder;
import org.bouncycastle.cms.jcajce.JceKeyAgreeEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyAgreeRecipientId;
import org.bouncycastle.cms.jcajce.JceKeyAgreeRecipientInfoGenerator;
import org.bouncycastle.cms.jcajce.JceKeyTransAuthEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyTransEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyTransRecipientId;
import org.bouncycastle.cms.jcajce.JceKeyTransRecipientInfoGenerator;
import org.bouncycastle.crypto.digests.SHA256Digest;
import org.bouncycastle.crypto.generators.HKDFBytesGenerator;
import org.bouncycastle.crypto.params.HKDFParameters;
import org.bouncycastle.jcajce.interfaces.XDHPrivateKey;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.operator.GenericKey;
import org.bouncycastle.operator.InputDecryptor;
import org.bouncycastle.operator.OutputAEADEncryptor;
import org.bouncycastle.operator.jcajce.JcaAlgorithmParametersConverter;

/**
 * Bouncy Castle for Java as a judge of encrypted CMS; it shares no code with us. Each line of standard input is a task, its words
 * separated by tabs; each line of standard output says "ok", or why not:
 *
 *   open  CMS KEY CERTIFICATE OUT          decrypts the DER file CMS with the PEM files KEY and CERTIFICATE
 *   seal  CIPHER KIND CERTIFICATE IN OUT   encrypts IN; KIND is rsa, oaep, ec or x25519
 */
public final class BouncyJudge {
    private static final Provider BC = new BouncyCastleProvider();

    /** dhSinglePass-stdDH-hkdf-sha256-scheme (RFC 8418) */
    private static final ASN1ObjectIdentifier HKDF_SHA256 = new ASN1ObjectIdentifier("1.2.840.113549.1.9.16.3.19");

    private static final Map<String, ASN1ObjectIdentifier> CIPHERS = Map.of(
        "Aes128Cbc", CMSAlgorithm.AES128_CBC, "Aes256Cbc", CMSAlgorithm.AES256_CBC,
        "Aes128Gcm", CMSAlgorithm.AES128_GCM, "Aes256Gcm", CMSAlgorithm.AES256_GCM);

    public static void main(String[] args) throws Exception {
        var tasks = new BufferedReader(new InputStreamReader(System.in));
        for (var line = tasks.readLine(); line != null; line = tasks.readLine()) {
            try {
                run(line.split("\t"));
                System.out.println("ok");
            } catch (Exception e) {
                System.out.println(e.toString().replace('\n', ' '));
            }
        }
    }

    private static void run(String[] task) throws Exception {
        switch (task[0]) {
            case "open" -> write(task[4], open(read(task[1]), key(task[2]), certificate(task[3])));
            case "seal" -> write(task[5], seal(CIPHERS.get(task[1]), task[2], certificate(task[3]), read(task[4])));
            default -> throw new IllegalArgumentException(task[0]);
        }
    }

    private static byte[] open(byte[] cms, PrivateKey key, X509Certificate certificate) throws Exception {
        var type = ContentInfo.getInstance(cms).getContentType();
        var isAuthenticated = type.equals(CMSObjectIdentifiers.authEnvelopedData);
        var recipients = isAuthenticated
            ? new CMSAuthEnvelopedData(cms).getRecipientInfos()
            : new CMSEnvelopedData(cms).getRecipientInfos();
        return isRsa(certificate)
            ? open(recipients, new JceKeyTransRecipientId(certificate), isAuthenticated
                ? new JceKeyTransAuthEnvelopedRecipient(key).setProvider(BC)
                : new JceKeyTransEnvelopedRecipient(key).setProvider(BC))
            : open(recipients, new JceKeyAgreeRecipientId(certificate), key instanceof XDHPrivateKey
                ? new X25519Recipient(key)
                : new JceKeyAgreeEnvelopedRecipient(key).setProvider(BC));
    }

    private static byte[] open(RecipientInformationStore recipients, RecipientId id, Recipient recipient) throws Exception {
        var own = recipients.get(id);
        if (own == null)
            throw new IllegalArgumentException("it is for others");
        return own.getContent(recipient);
    }

    private static byte[] seal(ASN1ObjectIdentifier cipher, String kind, X509Certificate to, byte[] content) throws Exception {
        var encryptor = new JceCMSContentEncryptorBuilder(cipher).setProvider(BC).build();
        var wrap = cipher.equals(CMSAlgorithm.AES128_CBC) || cipher.equals(CMSAlgorithm.AES128_GCM)
            ? CMSAlgorithm.AES128_WRAP : CMSAlgorithm.AES256_WRAP;
        var recipient = recipient(kind, wrap, to);
        if (encryptor instanceof OutputAEADEncryptor authenticated) {
            var generator = new CMSAuthEnvelopedDataGenerator();
            generator.addRecipientInfoGenerator(recipient);
            return generator.generate(new CMSProcessableByteArray(content), authenticated).getEncoded();
        }

        var generator = new CMSEnvelopedDataGenerator();
        generator.addRecipientInfoGenerator(recipient);
        return generator.generate(new CMSProcessableByteArray(content), encryptor).getEncoded();
    }

    private static RecipientInfoGenerator recipient(String kind, ASN1ObjectIdentifier wrap, X509Certificate to) throws Exception {
        switch (kind) {
            case "rsa":
                return new JceKeyTransRecipientInfoGenerator(to).setProvider(BC);
            case "oaep":
                var oaep = new JcaAlgorithmParametersConverter().getAlgorithmIdentifier(
                    PKCSObjectIdentifiers.id_RSAES_OAEP,
                    new OAEPParameterSpec("SHA-256", "MGF1", MGF1ParameterSpec.SHA256, PSource.PSpecified.DEFAULT));
                return new JceKeyTransRecipientInfoGenerator(to, oaep).setProvider(BC);
            case "x25519":
                return new X25519Sender(to, wrap);
            default:
                var keys = KeyPairGenerator.getInstance("EC", BC);
                keys.initialize(((ECPublicKey) to.getPublicKey()).getParams());
                var own = keys.generateKeyPair();
                return new JceKeyAgreeRecipientInfoGenerator(CMSAlgorithm.ECDH_SHA256KDF, own.getPrivate(), own.getPublic(), wrap)
                    .addRecipient(to).setProvider(BC);
        }
    }

    private static boolean isRsa(X509Certificate certificate) {
        return certificate.getPublicKey().getAlgorithm().equals("RSA");
    }

    private static PrivateKey key(String path) throws Exception {
        try (var pem = new PEMParser(new FileReader(path))) {
            return new JcaPEMKeyConverter().setProvider(BC).getPrivateKey((PrivateKeyInfo) pem.readObject());
        }
    }

    private static X509Certificate certificate(String path) throws Exception {
        try (var pem = new PEMParser(new FileReader(path))) {
            return new JcaX509CertificateConverter().setProvider(BC).getCertificate((X509CertificateHolder) pem.readObject());
        }
    }

    private static byte[] read(String path) throws Exception {
        return Files.readAllBytes(Path.of(path));
    }

    private static void write(String path, byte[] content) throws Exception {
        Files.write(Path.of(path), content);
    }

    /** Derives the wrapping key of RFC 8418 section 2.2. Debian's Bouncy Castle has all the parts, and not yet the whole. */
    private static byte[] wrappingKey(PrivateKey own, PublicKey other, AlgorithmIdentifier wrap) throws Exception {
        var agreement = KeyAgreement.getInstance("X25519", BC);
        agreement.init(own);
        agreement.doPhase(other, true);
        var length = wrap.getAlgorithm().equals(CMSAlgorithm.AES128_WRAP) ? 16 : 32;
        var info = new ECCCMSSharedInfo(wrap, ByteBuffer.allocate(4).putInt(length * 8).array()).getEncoded(ASN1Encoding.DER);
        var derivation = new HKDFBytesGenerator(new SHA256Digest());
        derivation.init(new HKDFParameters(agreement.generateSecret(), null, info));
        var key = new byte[length];
        derivation.generateBytes(key, 0, length);
        return key;
    }

    private static Cipher wrap(int mode, byte[] wrappingKey) throws Exception {
        var cipher = Cipher.getInstance("AESWrap", BC);
        cipher.init(mode, new SecretKeySpec(wrappingKey, "AES"));
        return cipher;
    }

    /** Reads with an X25519 key. */
    private record X25519Recipient(PrivateKey key) implements KeyAgreeRecipient {
        @Override
        public AlgorithmIdentifier getPrivateKeyAlgorithmIdentifier() {
            return PrivateKeyInfo.getInstance(key.getEncoded()).getPrivateKeyAlgorithm();
        }

        @Override
        public RecipientOperator getRecipientOperator(
            AlgorithmIdentifier agreement, AlgorithmIdentifier content, SubjectPublicKeyInfo sender, ASN1OctetString ukm, byte[] wrapped) {
            try {
                var other = KeyFactory.getInstance("X25519", BC).generatePublic(new X509EncodedKeySpec(sender.getEncoded()));
                var wrappingKey = wrappingKey(key, other, AlgorithmIdentifier.getInstance(agreement.getParameters()));
                var contentKey = wrap(Cipher.UNWRAP_MODE, wrappingKey).unwrap(wrapped, "AES", Cipher.SECRET_KEY);
                var parameters = AlgorithmParameters.getInstance(content.getAlgorithm().getId(), BC);
                parameters.init(content.getParameters().toASN1Primitive().getEncoded());
                var cipher = Cipher.getInstance(content.getAlgorithm().getId(), BC);
                cipher.init(Cipher.DECRYPT_MODE, contentKey, parameters);
                return new RecipientOperator(new InputDecryptor() {
                    @Override
                    public AlgorithmIdentifier getAlgorithmIdentifier() {
                        return content;
                    }

                    @Override
                    public InputStream getInputStream(InputStream encrypted) {
                        return new CipherInputStream(encrypted, cipher);
                    }
                });
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }

    /** Encrypts to an X25519 key. */
    private static final class X25519Sender extends KeyAgreeRecipientInfoGenerator {
        private final X509Certificate to;
        private final KeyPair own;

        X25519Sender(X509Certificate to, ASN1ObjectIdentifier wrap) throws Exception {
            this(to, wrap, KeyPairGenerator.getInstance("X25519", BC).generateKeyPair());
        }

        private X25519Sender(X509Certificate to, ASN1ObjectIdentifier wrap, KeyPair own) {
            super(HKDF_SHA256, SubjectPublicKeyInfo.getInstance(own.getPublic().getEncoded()), wrap);
            this.to = to;
            this.own = own;
        }

        @Override
        protected byte[] getUserKeyingMaterial(AlgorithmIdentifier agreement) {
            return null;
        }

        @Override
        protected ASN1Sequence generateRecipientEncryptedKeys(
            AlgorithmIdentifier agreement, AlgorithmIdentifier wrap, GenericKey contentKey) throws CMSException {
            try {
                // The provider of the platform reads the certificate, ours the key in it.
                var key = KeyFactory.getInstance("X25519", BC).generatePublic(new X509EncodedKeySpec(to.getPublicKey().getEncoded()));
                var wrapped = wrap(Cipher.WRAP_MODE, wrappingKey(own.getPrivate(), key, wrap))
                    .wrap(new SecretKeySpec((byte[]) contentKey.getRepresentation(), "AES"));
                var id = new KeyAgreeRecipientIdentifier(new IssuerAndSerialNumber(
                    X500Name.getInstance(to.getIssuerX500Principal().getEncoded()), to.getSerialNumber()));
                return new DERSequence(new RecipientEncryptedKey(id, new DEROctetString(wrapped)));
            } catch (Exception e) {
                throw new CMSException("X25519", e);
            }
        }
    }
}
