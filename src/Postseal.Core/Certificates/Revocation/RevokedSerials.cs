using System.Buffers;
using System.Buffers.Binary;

namespace Postseal.Certificates.Revocation;

/// <summary>One certificate of a list.</summary>
/// <param name="Since">Since when it is revoked.</param>
/// <param name="Reason">CRLReason (RFC 5280 section 5.3.1).</param>
internal readonly record struct RevokedSerial(DateTimeOffset Since, byte Reason);

/// <summary>
/// The serial numbers of a list with what it says of each, sorted, in a few bytes more than their own length: lists of a million
/// are real, and as objects they would take a hundred megabytes.
/// </summary>
internal sealed class RevokedSerials
{
    // Behind each serial number: the second since 1970, big-endian, and the reason.
    private const int Beside = 5;

    private readonly Dictionary<int, byte[]> recordsByLength;

    private RevokedSerials(Dictionary<int, byte[]> recordsByLength, int count) => (this.recordsByLength, Count) = (recordsByLength, count);

    /// <summary>Gets how many there are.</summary>
    public int Count { get; }

    /// <summary>Gets how much memory they take.</summary>
    public long Size => recordsByLength.Values.Sum(records => (long)records.Length);

    /// <summary>Finds one; <see langword="null"/> where it is not listed. Of several entries the one that leaves it revoked counts.</summary>
    /// <param name="serial">The octets of the INTEGER.</param>
    public RevokedSerial? Find(ReadOnlySpan<byte> serial)
    {
        if (!recordsByLength.TryGetValue(serial.Length, out var records))
            return null;
        var (width, low) = (serial.Length + Beside, 0);
        for (var high = records.Length / width; low < high;)
        {
            var middle = (low + high) / 2;
            if (records.AsSpan(middle * width, serial.Length).SequenceCompareTo(serial) < 0)
                low = middle + 1;
            else
                high = middle;
        }

        RevokedSerial? found = null;
        for (; low < records.Length / width && records.AsSpan(low * width, serial.Length).SequenceEqual(serial); low++)
        {
            if (found is null or { Reason: RevocationReasonText.Removed })
                found = Read(records.AsSpan((low * width) + serial.Length, Beside));
        }

        return found;
    }

    private static RevokedSerial Read(ReadOnlySpan<byte> beside) =>
        new(DateTimeOffset.FromUnixTimeSeconds(BinaryPrimitives.ReadUInt32BigEndian(beside)), beside[4]);

    /// <summary>Takes entries as they come, in any order.</summary>
    public sealed class Builder
    {
        private readonly Dictionary<int, ArrayBufferWriter<byte>> recordsByLength = [];
        private int count;

        /// <summary>Adds one.</summary>
        public void Add(ReadOnlySpan<byte> serial, DateTimeOffset since, byte reason)
        {
            if (!recordsByLength.TryGetValue(serial.Length, out var records))
                recordsByLength[serial.Length] = records = new();
            var record = records.GetSpan(serial.Length + Beside);
            serial.CopyTo(record);
            BinaryPrimitives.WriteUInt32BigEndian(record[serial.Length..], (uint)Math.Clamp(since.ToUnixTimeSeconds(), 0, uint.MaxValue));
            record[serial.Length + 4] = reason;
            records.Advance(serial.Length + Beside);
            count++;
        }

        /// <summary>Sorts them. The builder is done with.</summary>
        public RevokedSerials Build() =>
            new(recordsByLength.ToDictionary(records => records.Key, records => Sorted(records.Value.WrittenMemory, records.Key)), count);

        private static byte[] Sorted(ReadOnlyMemory<byte> records, int length)
        {
            var width = length + Beside;
            var order = new int[records.Length / width];
            for (var i = 0; i < order.Length; i++)
                order[i] = i * width;
            Array.Sort(order, (one, other) => records.Span.Slice(one, length).SequenceCompareTo(records.Span.Slice(other, length)));
            var sorted = new byte[records.Length];
            for (var i = 0; i < order.Length; i++)
                records.Span.Slice(order[i], width).CopyTo(sorted.AsSpan(i * width));
            return sorted;
        }
    }
}
