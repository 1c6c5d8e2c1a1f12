using FsCheck;
using FsCheck.Fluent;
using Postseal.Mime;

namespace Postseal.Tests.Mime;

/// <summary>What holds for every message, however broken: they are made of the pieces that matter, in any order.</summary>
public class CanonicalEntityProperties
{
    private static readonly string[] Fragments =
    [
        "\r\n", "\r\n", "\r\n\r\n", "\n", "\r", "\0", " ", "\t", "=", "=\r\n", "=41", ".", "From ", ":", "x", "YWFh", "word ",
        "\xFC", "\xC3\xBC", "\xE2\x82\xAC", new string('x', 999), new string('y', 80),
        "\r\n--a\r\n", "\r\n--a\r\n", "\r\n--a--\r\n", "\r\n--b\r\n", "\r\n--b\r\n", "\r\n--b--\r\n", "--a \r\n", "--b", "\n--a\n",
        "Content-Type: multipart/mixed; boundary=a\r\n", "Content-Type: multipart/mixed; boundary=b\r\n",
        "Content-Type: multipart/digest;\r\n\tboundary=\"a\"\r\n", "Content-Type: multipart/signed; boundary=b\r\n",
        "Content-Type: multipart/mixed\r\n", "Content-Type: message/rfc822\r\n", "Content-Type: text/plain\r\n",
        "Content-Type: image/png; name=\"\xFC\"\r\n", "content-type: text/html; charset=utf-8\r\n",
        "Content-Transfer-Encoding: 8bit\r\n", "Content-Transfer-Encoding: base64\r\n",
        "Content-Transfer-Encoding: quoted-printable\r\n", "Content-Transfer-Encoding: x-uuencode\r\n",
        "Content-Description: \xC3\xBC\r\n", "Subject: \xFC\n \x80\r\n", "MIME-Version: 1.0\r\n", "X:\r\n \r\n y\r\n",
    ];

    // All in any order is mostly not MIME at all, so half of the messages start as some.
    private static readonly Arbitrary<string> Messages = (
        from start in Gen.Elements(
            "", "", "Content-Type: message/rfc822\r\n\r\n", "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n")
        from rest in Gen.Elements(Fragments).ListOf()
        select start + string.Concat(rest)).ToArbitrary();

    [Fact]
    public void What_is_signed_is_7bit() => ForAllEntities((_, entity) =>
    {
        SevenBit.AssertIs(entity.Content);
        return true;
    });

    [Fact]
    public void Making_it_canonical_twice_changes_nothing() => ForAllEntities((_, entity) =>
    {
        var once = Text.Of(entity.Content);
        return once == Text.Of(Text.Entity(Text.Message(once)).Content);
    });

    [Fact]
    public void The_pieces_it_came_in_do_not_matter() => ForAllEntities((message, entity) =>
        Enumerable.Range(1, 5).All(length =>
            Text.Of(Text.Entity(Text.InPieces(message, length)).Content) == Text.Of(entity.Content)));

    [Fact]
    public void No_outer_field_is_lost_or_changed() => ForAllEntities((message, entity) =>
        message.Headers.Where(IsOuter).SequenceEqual(entity.OuterHeaders.Where(IsOuter))
        && entity.OuterHeaders.Count(f => f.Is("MIME-Version")) == 1
        && !entity.OuterHeaders.Any(Text.IsContentField));

    private static bool IsOuter(HeaderField field) => !field.Is("MIME-Version") && !Text.IsContentField(field);

    private static void ForAllEntities(Func<MailMessage, CanonicalEntity, bool> holds) => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(400).WithEndSize(60),
        Prop.ForAll(Messages, text =>
        {
            var message = MailMessage.Parse(Text.Bytes(text));
            return CanonicalEntity.Create(message) is not CanonicalEntity entity || holds(message, entity);
        }));
}
