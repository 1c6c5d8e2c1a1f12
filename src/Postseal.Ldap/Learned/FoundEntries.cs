using Postseal.Harvest;
using Postseal.Ldap.Protocol;
using Postseal.Mail;

namespace Postseal.Ldap.Learned;

/// <summary>What a directory service has for an address.</summary>
/// <param name="Known">What is known of the address.</param>
/// <param name="Own">The entry with what was learned; <see langword="null"/> if there is none.</param>
internal sealed record FoundEntries(LearnedSet Known, LearnedEntry? Own)
{
    /// <summary>Reads the entries that a search found. Those without certificates and without a record are somebody's who has no part in
    /// this.</summary>
    public static FoundEntries Of(string source, MailAddress address, IReadOnlyList<LdapEntry> entries)
    {
        List<LearnedEntry> read = [.. entries.Select(entry => LearnedEntry.Read(address, entry))];
        var own = read.Where(entry => entry.Record is not null).ToList();
        var strangers = own.Count > 1 ? read : read.Where(entry => entry.Strange is not null).ToList();
        if (strangers.Count > 0)
        {
            var placed = strangers.SelectMany(entry => entry.Certificates).ToList();
            var where = strangers[0].Strange ?? DistinguishedName.ForPeople(strangers[0].Dn);
            return new FoundEntries(new LearnedSet { Strange = $"{source}: {where}", Placed = placed }, Own: null);
        }

        return own is [var only] ? new FoundEntries(only.Known(), only) : new FoundEntries(new LearnedSet(), Own: null);
    }
}
