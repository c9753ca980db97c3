namespace Ingest.Worker.Commands;

/// <summary>Files that a command is given to read.</summary>
internal static class FileArguments
{
    /// <summary>Why it cannot be read; null when it is a file.</summary>
    public static string? WhyNot(string file) =>
        File.Exists(file) ? null : Directory.Exists(file) ? $"{file}: that is a folder. Name the files in it." : $"{file}: there is no such file.";
}
