using System.Globalization;
using Fuzzing;

// dotnet run -c Release --project tests/Fuzzing -- milter|cms|envelope|mime|certificate|ldap|dns|token-uri [SECONDS [SEED]]
if (args is not ["milter" or "cms" or "envelope" or "mime" or "certificate" or "ldap" or "dns" or "token-uri", .. var rest])
{
    Console.Error.WriteLine("Fuzzing milter|cms|envelope|mime|certificate|ldap|dns|token-uri [SECONDS [SEED]]");
    return 2;
}
var seconds = rest.Length > 0 ? double.Parse(rest[0], CultureInfo.InvariantCulture) : 60;
var seed = rest.Length > 1 ? int.Parse(rest[1], CultureInfo.InvariantCulture) : Random.Shared.Next();
return args[0] switch
{
    "certificate" => CertificateFuzz.Run(TimeSpan.FromSeconds(seconds), seed),
    "envelope" => EnvelopeFuzz.Run(TimeSpan.FromSeconds(seconds), seed),
    "cms" => CmsFuzz.Run(TimeSpan.FromSeconds(seconds), seed),
    "ldap" => LdapFuzz.Run(TimeSpan.FromSeconds(seconds), seed),
    "dns" => DnsFuzz.Run(TimeSpan.FromSeconds(seconds), seed),
    "token-uri" => TokenUriFuzz.Run(TimeSpan.FromSeconds(seconds), seed),
    "mime" => MimeFuzz.Run(TimeSpan.FromSeconds(seconds), seed),
    _ => await MilterFuzz.RunAsync(TimeSpan.FromSeconds(seconds), seed),
};
