using Ingest.Core.Deduplicating.Index;

namespace Ingest.Tests.Deduplicating.Index;

public sealed class SortedPiecesTests : IDisposable
{
    private const int Pieces = (IndexSizes.SortFanIn * 3) + 2;
    private const int InMemory = 40;

    private readonly string _folder = Directory.CreateTempSubdirectory("ingest-pieces-").FullName;
    private readonly UInt128[][] _keys;

    public SortedPiecesTests()
    {
        var random = new Random(5);
        var all = IndexWorld.Keys(random, Pieces * 60, crowded: true);
        var at = 0;

        // Of every length, none included, and longer than memory.
        _keys = [.. Enumerable.Range(0, Pieces).Select(piece => piece % 9 == 3 ? [] : all[at..(at += random.Next(1, piece % 4 == 0 ? 110 : 40))])];
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void All_keys_come_out_in_order_with_their_contents(bool hasContents)
    {
        var (keys, contents) = Read(Sort("a", hasContents, Enumerable.Range(0, Pieces)), hasContents);
        Assert.Equal(_keys.SelectMany(k => k).Order(), keys.Order());
        if (hasContents) Assert.Equal(keys.Select(k => ~k), contents);
    }

    [Fact]
    public void The_outcome_depends_neither_on_order_nor_on_restarts_nor_on_damage()
    {
        var straight = Describe(Sort("a", false, Enumerable.Range(0, Pieces)));
        var random = new Random(3);
        for (var attempt = 0; attempt < 5; attempt++)
        {
            var folder = $"b{attempt}";
            for (var restart = 0; restart < 20; restart++)
            {
                var sorted = Open(folder, false);
                foreach (var piece in sorted.Missing().OrderBy(_ => random.Next()).Take(random.Next(1, 4))) Write(sorted, piece, false);
                Begin(sorted, random);
                Harm(folder, random, restart);
            }

            Assert.Equal(straight, Describe(Sort(folder, false, null)));
        }
    }

    [Fact]
    public void Two_rows_with_one_fingerprint_are_reported()
    {
        _keys[5] = [_keys[0][0], 7];
        Assert.Throws<IndexDamagedException>(() => Sort("a", false, Enumerable.Range(0, Pieces)));
        _keys[5] = [7, 7];
        Assert.Throws<IndexDamagedException>(() => Sort("c", false, Enumerable.Range(0, Pieces)));
    }

    private SortedPieces Open(string folder, bool hasContents)
    {
        var sorted = new SortedPieces(Path.Combine(_folder, folder), Pieces, hasContents);
        sorted.Resume(CancellationToken.None);
        return sorted;
    }

    private IReadOnlyList<(string Path, RunDescriptor Run)> Sort(string folder, bool hasContents, IEnumerable<int>? pieces)
    {
        var sorted = Open(folder, hasContents);
        foreach (var piece in pieces ?? sorted.Missing()) Write(sorted, piece, hasContents);
        return sorted.Finish(CancellationToken.None);
    }

    private void Write(SortedPieces sorted, int piece, bool hasContents)
    {
        var writer = sorted.Begin(piece, InMemory);
        foreach (var part in _keys[piece].Chunk(17)) writer.Add(part, hasContents ? [.. part.Select(k => ~k)] : []);
        writer.Finish(CancellationToken.None);
    }

    /// <summary>A piece that is begun and never finished, as of a process that was killed.</summary>
    private void Begin(SortedPieces sorted, Random random)
    {
        if (sorted.Missing() is not { Count: > 0 } missing) return;
        var piece = missing[random.Next(missing.Count)];
        sorted.Begin(piece, InMemory).Add(_keys[piece], []);
    }

    private void Harm(string folder, Random random, int restart)
    {
        var files = Directory.GetFiles(Path.Combine(_folder, folder));
        if (restart % 3 != 0 || files.Length == 0) return;
        var file = files[random.Next(files.Length)];
        var bytes = File.ReadAllBytes(file);
        if (bytes.Length == 0) return;
        bytes[random.Next(bytes.Length)] ^= 1;
        File.WriteAllBytes(file, restart % 2 == 0 ? bytes : bytes[..^1]);
    }

    private static (UInt128[] Keys, UInt128[] Contents) Read(IReadOnlyList<(string Path, RunDescriptor Run)> sorted, bool hasContents)
    {
        var (keys, contents) = (new List<UInt128>(), new List<UInt128>());
        foreach (var (path, run) in sorted)
        {
            using var reader = RunReader.Open(path, run, hasContents);
            reader.VerifyAll(CancellationToken.None);
            var cursor = new RunCursor(reader);
            while (cursor.MoveNext())
            {
                keys.Add(cursor.Key);
                contents.Add(cursor.Content);
            }
        }

        return ([.. keys], [.. contents]);
    }

    private static string[] Describe(IReadOnlyList<(string Path, RunDescriptor Run)> sorted) => [.. sorted.Select(s => $"{s.Run.Keys} {s.Run.Sum:x32} {s.Run.Bytes} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(s.Path)))}")];
}
