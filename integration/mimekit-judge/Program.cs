using Postseal.TestKit;

// mimekit-judge ROOT < MESSAGE: verifies the signature, and the chain up to the certificate in the PEM file ROOT, and prints
// the SHA-1 fingerprint of the signer's certificate. Exit code 1: it does not verify, and why.
if (args is not [var root])
{
    Console.Error.WriteLine("usage: mimekit-judge ROOT < MESSAGE");
    return 2;
}

var (signer, fault) = MimeKitJudge.Verify(Console.OpenStandardInput(), root);
if (fault is not null)
{
    Console.Error.WriteLine(fault);
    return 1;
}

Console.WriteLine(signer?.ToUpperInvariant());
return 0;
