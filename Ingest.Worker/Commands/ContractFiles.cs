using Ingest.Core.Contracts;

namespace Ingest.Worker.Commands;

/// <summary>Loads contracts for a command; errors go to the caller's list as <c>file:line:column: …</c>.</summary>
internal static class ContractFiles
{
    /// <param name="whatToDo">How the path was given and may be given otherwise, as a sentence, for one that does not exist.</param>
    public static Catalog? Load(string path, ICollection<string> errors, string whatToDo = "Give a YAML file or a folder of them.")
    {
        if (!File.Exists(path) && !Directory.Exists(path))
        {
            errors.Add($"There are no contracts at '{path}': no such file or folder. {whatToDo}");
            return null;
        }

        var result = CatalogLoader.LoadFolder(path);
        foreach (var error in result.Errors) errors.Add(error.ToString());
        return result.Catalog;
    }
}
