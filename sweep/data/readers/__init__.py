"""Read files of images and labels: what there is, and one image after another."""
