using Postseal.Mime;

namespace Postseal.Tests.Mime;

public class ProtectionClassifierTests
{
    [Theory]
    [InlineData("Subject: x", MessageProtection.None)]
    [InlineData("Content-Type: text/plain; name=smime.txt", MessageProtection.None)]
    [InlineData("Content-Type: multipart/mixed; boundary=x", MessageProtection.None)]
    [InlineData("Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"", MessageProtection.SmimeSigned)]
    [InlineData("content-type:MULTIPART/SIGNED", MessageProtection.SmimeSigned)]
    [InlineData("Content-Type: multipart/signed; protocol=\"application/pgp-signature\"", MessageProtection.Pgp)]
    [InlineData("Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"", MessageProtection.Pgp)]
    [InlineData("Content-Type: application/pkcs7-mime; smime-type=signed-data", MessageProtection.SmimeOpaque)]
    [InlineData("Content-Type: application/pkcs7-mime", MessageProtection.SmimeOpaque)]
    [InlineData("Content-Type: Application/X-PKCS7-MIME; SMIME-Type=\"Enveloped-Data\"", MessageProtection.SmimeEnveloped)]
    [InlineData("Content-Type : application/(c)pkcs7-mime;\r\n\tsmime-type=authEnveloped-data", MessageProtection.SmimeAuthEnveloped)]
    [InlineData("Content-Type: application/pkcs7-mime; smime-type=compressed-data", MessageProtection.SmimeCompressed)]
    [InlineData("Content-Type: application/octet-stream; name=smime.p7m", MessageProtection.SmimeByFileName)]
    [InlineData("Content-Type: application/octet-stream; name*0=smime.; name*1=P7S", MessageProtection.SmimeByFileName)]
    [InlineData("Content-Disposition: attachment; filename=\"smime.p7c\"", MessageProtection.SmimeByFileName)]
    [InlineData("Content-Disposition: attachment; filename=\"smime.p7m.txt\"", MessageProtection.None)]
    [InlineData("Content-Type: text/plain\r\nContent-Type: multipart/signed", MessageProtection.SmimeSigned)]
    public void Protection_is_recognized_in_any_spelling(string header, MessageProtection expected) =>
        Assert.Equal(expected, ProtectionClassifier.Classify(Text.Message(header).Headers));
}
