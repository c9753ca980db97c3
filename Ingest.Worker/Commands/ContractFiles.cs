using Ingest.Core.Contracts;

namespace Ingest.Worker.Commands;

/// <summary>Loads contracts for a command; errors go to the caller's list as <c>file:line:column: …</c>.</summary>
internal static class ContractFiles
{
    /// <param name="from">Where the path was said.</param>
    public static Catalog? Load(string path, ICollection<string> errors, string from = "Ingest:Contracts")
    {
        if (!File.Exists(path) && !Directory.Exists(path))
        {
            errors.Add($"{from} is '{path}', which does not exist. Give a YAML file or a folder of them; examples are in Ingest.Worker/Contracts.");
            return null;
        }

        var result = CatalogLoader.LoadFolder(path);
        foreach (var error in result.Errors) errors.Add(error.ToString());
        return result.Catalog;
    }
}
