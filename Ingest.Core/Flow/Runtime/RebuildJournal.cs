using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Ingest.Core.Pool.Delta;

namespace Ingest.Core.Flow.Runtime;

/// <summary>
/// What a rebuild has to know of the process before it: the version it began with, and that its files were cut into the same pieces. One small file in its
/// folder; the rest is told by the names of the sorted files beside it.
/// </summary>
internal sealed class RebuildJournal
{
    private readonly string _folder;
    private readonly string _settings;
    private string? _filesHash;

    /// <param name="settings">All that decides how files are cut into pieces; work done with others is not used.</param>
    public RebuildJournal(string folder, string settings)
    {
        _folder = folder;
        _settings = settings;
        if (!File.Exists(JournalPath)) return;
        var lines = File.ReadAllLines(JournalPath);
        if (lines.Length != 3 || lines[0] != settings || !long.TryParse(lines[1], CultureInfo.InvariantCulture, out var version)) return;
        (Version, _filesHash) = (version, lines[2]);
    }

    /// <summary>The version that was begun with; null when there is nothing to go on with.</summary>
    public long? Version { get; private set; }

    /// <summary>Whether sorted files were found.</summary>
    public bool HasWork { get; private set; }

    private string JournalPath => Path.Combine(_folder, "journal");

    public string PiecesFolder(long version) => Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"from-{version}"));

    public bool Matches(IReadOnlyList<LogAction.Add> files)
    {
        if (Hash(files) != _filesHash) return false;
        HasWork = Directory.Exists(PiecesFolder(Version!.Value)) && Directory.EnumerateFiles(PiecesFolder(Version.Value)).Any();
        return true;
    }

    /// <summary>Begins with a version; what lay in the folder is removed.</summary>
    public void Begin(long version, IReadOnlyList<LogAction.Add> files)
    {
        Discard();
        Directory.CreateDirectory(_folder);
        (Version, _filesHash) = (version, Hash(files));
        var unfinished = JournalPath + ".tmp";
        File.WriteAllText(unfinished, string.Create(CultureInfo.InvariantCulture, $"{_settings}\n{version}\n{_filesHash}\n"));
        File.Move(unfinished, JournalPath);
    }

    public void Discard()
    {
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Cuts a list of files into pieces of about as many rows as memory holds; a longer file is a piece of its own.</summary>
    public static IReadOnlyList<IReadOnlyList<LogAction.Add>> Pieces(IReadOnlyList<LogAction.Add> files, int keys)
    {
        var pieces = new List<IReadOnlyList<LogAction.Add>>();
        var piece = new List<LogAction.Add>();
        var rows = 0L;
        foreach (var file in files)
        {
            var ofFile = file.Rows();
            if (ofFile < 0) ofFile = keys;
            if (piece.Count > 0 && rows + ofFile > keys)
            {
                pieces.Add(piece);
                (piece, rows) = ([], 0);
            }

            piece.Add(file);
            rows += ofFile;
        }

        if (piece.Count > 0) pieces.Add(piece);
        return pieces;
    }

    private static string Hash(IReadOnlyList<LogAction.Add> files)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in files) hash.AppendData(Encoding.UTF8.GetBytes(file.Path + "\n"));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
