using Postseal.Integration;
using Postseal.TestKit;

// mimekit-judge ROOT < MESSAGE: verifies the signature, and the chain up to the certificate in the PEM file ROOT, and prints
// the SHA-1 fingerprint of the signer's certificate. Exit code 1: it does not verify, and why.
// mimekit-judge < TASKS: each line is a task, its words separated by tabs; each line of output says "ok", or why not:
//   open  CMS KEY CERTIFICATE OUT          decrypts the DER file CMS with the PEM files KEY and CERTIFICATE
//   seal  CIPHER KIND CERTIFICATE IN OUT   encrypts IN; KIND is rsa or oaep
switch (args)
{
    case [var root]:
        return Verify(root);
    case []:
        while (Console.ReadLine() is { } task)
            Console.WriteLine(Do(task.Split('\t')));
        return 0;
    default:
        Console.Error.WriteLine("usage: mimekit-judge ROOT < MESSAGE, or mimekit-judge < TASKS");
        return 2;
}

static int Verify(string root)
{
    var (signer, fault) = MimeKitJudge.Verify(Console.OpenStandardInput(), root);
    if (fault is not null)
    {
        Console.Error.WriteLine(fault);
        return 1;
    }

    Console.WriteLine(signer?.ToUpperInvariant());
    return 0;
}

static string Do(string[] task)
{
    try
    {
        switch (task)
        {
            case ["open", var cms, var key, var certificate, var content]:
                EncryptedMail.Open(cms, key, certificate, content);
                break;
            case ["seal", var cipher, var kind, var certificate, var content, var cms]:
                EncryptedMail.Seal(cipher, kind, certificate, content, cms);
                break;
            default:
                throw new ArgumentException($"no task: {string.Join(' ', task)}");
        }

        return "ok";
    }
    catch (Exception e) // of any kind: what the library refuses is an answer
    {
        return $"{e.GetType().Name}: {e.Message.ReplaceLineEndings(" ")}";
    }
}
