using System.Net;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using Milter;
using Postseal.Certificates;
using Postseal.Mail;
using Postseal.MailKit.Tests.Support;
using Postseal.Program.Trial;

namespace Postseal.MailKit.Tests;

/// <summary>
/// A record prints all it has, so whoever logs one logs that. None of ours shows a message, a key or a passphrase.
/// </summary>
public sealed class RecordTests
{
    private static readonly Assembly[] Assemblies =
        [typeof(MailMessage).Assembly, typeof(SmimeSigner).Assembly, typeof(MilterServer).Assembly];

    /// <summary>What is printed as its length or its type's name, or holds nothing of a message.</summary>
    private static readonly Type[] Harmless =
    [
        typeof(IPAddress), typeof(IPNetwork), typeof(TimeSpan), typeof(DateTime), typeof(DateTimeOffset), typeof(ReadOnlyMemory<byte>),
        typeof(System.Buffers.ReadOnlySequence<byte>), typeof(X509Certificate2), typeof(MailAddress), typeof(Identity), typeof(IDisposable),
    ];

    public static TheoryData<Type> Records() => [.. Assemblies.SelectMany(assembly => assembly.GetExportedTypes()).Where(IsRecord)];

    [Theory]
    [MemberData(nameof(Records), DisableDiscoveryEnumeration = true)]
    public void A_record_prints_nothing_secret(Type type)
    {
        if (!IsMadeByTheCompiler(type.GetMethod("ToString", [])!))
            return; // it says itself what it shows, and the tests below look at that

        var shown = type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.Name != "EqualityContract");

        Assert.DoesNotContain(shown, property => !IsHarmless(property));
    }

    [Fact]
    public void An_outcome_shows_who_signed_and_nothing_of_the_message()
    {
        using var office = new Office();

        var signed = office.Signer().Sign(Letters.Plain(text: "for Bob's eyes"), cancellationToken: TestContext.Current.CancellationToken);
        var unsigned = office.Signer().Sign(Letters.Plain("nobody@example.org", "for Bob's eyes"), cancellationToken: TestContext.Current.CancellationToken);

        Assert.StartsWith("signed as alice@example.org with CN=alice@example.org (serial ", signed.ToString(), StringComparison.Ordinal);
        Assert.Equal("not signed: there is no certificate for nobody@example.org", unsigned.ToString());
    }

    [Fact]
    public void A_message_shows_its_size_and_nothing_else()
    {
        var shown = MailMessage.Parse("Subject: secret\r\n\r\nfor Bob's eyes\r\n"u8.ToArray()).ToString();

        Assert.DoesNotContain("secret", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("Bob", shown, StringComparison.Ordinal);
    }

    [Fact]
    public void An_issued_certificate_shows_no_key()
    {
        using var authority = new TestCa("Trial", TimeProvider.System);

        Assert.DoesNotContain("PRIVATE KEY", authority.Issue(new TestCaRequest("alice@example.org")).ToString(), StringComparison.Ordinal);
    }

    private static bool IsRecord(Type type) =>
        type.GetMethod("PrintMembers", BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.DeclaredOnly, [typeof(System.Text.StringBuilder)]) is not null;

    private static bool IsMadeByTheCompiler(MethodInfo method) => method.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false);

    private static bool IsHarmless(PropertyInfo property)
    {
        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        return type == typeof(string)
            ? !HasSecretName(property.Name)
            : type.IsPrimitive || type.IsEnum || Harmless.Contains(type) || IsRecord(type)
                || type.GetMethod("ToString", [])?.DeclaringType == typeof(object) // prints its name
                || (type.IsInterface && type.IsGenericType); // collections, which print the name of their type
    }

    private static bool HasSecretName(string name) =>
        !name.EndsWith("File", StringComparison.Ordinal)
        && Array.Exists(["Pem", "Passphrase", "Secret"], word => name.Contains(word, StringComparison.Ordinal));
}
