namespace Ingest.Fuzz;

/// <summary>Breaks transfers in the ways that they break in the world, and in some in which they do not.</summary>
internal static class Mutator
{
    private const int BytesMax = 16_384;

    /// <summary>A transfer with one to six things done to it.</summary>
    public static byte[] Mutate(ref FuzzRandom random, IReadOnlyList<byte[]> transfers)
    {
        var bytes = new List<byte>(random.Of(transfers));
        for (var steps = 1 + random.Next(6); steps > 0 && bytes.Count < BytesMax; steps--) Step(ref random, bytes, transfers);
        return [.. bytes];
    }

    private static void Step(ref FuzzRandom random, List<byte> bytes, IReadOnlyList<byte[]> transfers)
    {
        var at = random.Next(bytes.Count + 1);
        var length = Math.Min(1 + random.Next(1 << random.Next(8)), bytes.Count - at);
        switch (random.Next(10))
        {
            case 0 when at < bytes.Count:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1 when at < bytes.Count:
                bytes[at] = (byte)random.Next(256);
                break;
            case 2:
                bytes.RemoveRange(at, length);
                break;
            case 3:
                bytes.InsertRange(random.Next(bytes.Count + 1), bytes.GetRange(at, length));
                break;
            case 4:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 5:
                var other = random.Of(transfers);
                var from = random.Next(other.Length + 1);
                bytes.RemoveRange(at, bytes.Count - at);
                bytes.AddRange(other.AsSpan(from));
                break;
            case 6:
                Replace(ref random, bytes, random.Of(FuzzCorpus.Tokens));
                break;
            default:
                bytes.InsertRange(at, random.Of(FuzzCorpus.Tokens));
                break;
        }
    }

    /// <summary>Puts a token in the place of a value: between a separator and the next.</summary>
    private static void Replace(ref FuzzRandom random, List<byte> bytes, byte[] token)
    {
        var start = bytes.FindIndex(random.Next(bytes.Count + 1) is var s && s < bytes.Count ? s : 0, b => b is (byte)':' or (byte)',');
        if (start < 0) return;
        var end = bytes.FindIndex(start + 1, b => b is (byte)',' or (byte)'}' or (byte)'\n');
        if (end < 0) end = bytes.Count;
        bytes.RemoveRange(start + 1, end - start - 1);
        bytes.InsertRange(start + 1, token);
    }
}
