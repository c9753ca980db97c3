namespace Ingest.Worker.Commands;

/// <summary>Commands of this program as a shell takes them in the folder where it was started, for people to copy.</summary>
internal static class OwnCommand
{
    /// <summary>The program itself.</summary>
    public static string Program
    {
        get
        {
            var process = Environment.ProcessPath ?? "Ingest.Worker";
            if (Path.GetFileNameWithoutExtension(process) == "dotnet") return $"dotnet {Place(Path.Combine(AppContext.BaseDirectory, "Ingest.Worker.dll"))}";
            var place = Place(process);
            return place.Contains('/', StringComparison.Ordinal) ? place : $"./{place}";
        }
    }

    /// <summary>A file or folder: from the current folder on if it is in there.</summary>
    public static string Place(string path)
    {
        var below = Path.GetRelativePath(Directory.GetCurrentDirectory(), path);
        return Quoted(below.StartsWith("..", StringComparison.Ordinal) ? path : below);
    }

    /// <summary>In quotes where a shell would take it apart.</summary>
    public static string Quoted(string argument) =>
        argument.Length > 0 && argument.All(c => char.IsLetterOrDigit(c) || c is '/' or '.' or '-' or '_' or ':' or ',' or '=') ? argument : $"'{argument.Replace("'", @"'\''", StringComparison.Ordinal)}'";
}
