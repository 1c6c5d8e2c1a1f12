using System.Buffers;

namespace Postseal.Mime;

/// <summary>
/// A message as bytes: the header fields as they came, and the body as it came. The empty line between the two
/// belongs to neither.
/// </summary>
/// <param name="Headers">The header fields from the top down.</param>
/// <param name="Body">All that follows the empty line. It may lie in several pieces, which are shared with the
/// message it was made from wherever they did not change.</param>
public sealed record MailMessage(IReadOnlyList<HeaderField> Headers, ReadOnlySequence<byte> Body);
