using FsCheck;
using FsCheck.Fluent;
using Postseal.Mail;
using Postseal.Mime.Canonical;
using Postseal.TestKit;

namespace Postseal.Tests.Mime.Canonical;

/// <summary>What holds for every message, however broken.</summary>
public class CanonicalEntityProperties
{
    [Fact]
    public void What_is_signed_is_7bit() => ForAllEntities((_, entity) =>
    {
        SevenBit.AssertIs(entity.Content);
        return true;
    });

    [Fact]
    public void No_line_starts_with_From_but_where_a_signed_part_or_a_piece_of_a_message_has_one() => ForAllEntities((_, entity) =>
    {
        var content = Text.Of(entity.Content);
        return !content.Contains("\nFrom ", StringComparison.Ordinal)
            || content.Contains("multipart/signed", StringComparison.Ordinal)
            || content.Contains("message/partial", StringComparison.Ordinal);
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
        Prop.ForAll(OddMessages.Any, text =>
        {
            var message = MailMessage.Parse(Text.Bytes(text));
            // What cannot be made canonical is not counted.
            var entity = CanonicalEntity.Create(message) as CanonicalEntity;
            return Prop.When(entity is not null, () => holds(message, entity!));
        }));
}
